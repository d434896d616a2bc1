// A transform for AssemblyScript's compiler: the function with which the garbage collector visits the globals is made
// anew, without a test for null before each call, since the one that is called tests for itself.

const VISIT_GLOBALS = "~lib/rt/__visit_globals";

export default class LeanVisits {
  afterCompile(module) {
    const { binaryen } = this;
    const old = module.getFunction(VISIT_GLOBALS);
    const { body, params, results } = binaryen.getFunctionInfo(old);
    const block = binaryen.getExpressionInfo(body);
    if (block.id !== binaryen.BlockId) return;
    const visits = block.children.map((child) => {
      const test = binaryen.getExpressionInfo(child);
      if (test.id !== binaryen.IfId) return child;
      const { value } = binaryen.getExpressionInfo(test.condition);
      const { name } = binaryen.getExpressionInfo(value);
      const { target } = binaryen.getExpressionInfo(test.ifTrue);
      const operands = [module.global.get(name, binaryen.i32), module.local.get(0, binaryen.i32)];
      return module.call(target, operands, binaryen.none);
    });
    module.removeFunction(VISIT_GLOBALS);
    module.addFunction(VISIT_GLOBALS, params, results, [], module.block(null, visits));
  }
}
