// What calls under way have claimed of budgets, by the call's slot: nothing is allocated per request.
import { Bytes } from "../../runtime/bytes/bytes";

/** What stands between a call and a budget. */
export const enum ClaimState {
  /** The budget is not about the call. */
  None,
  /** Its headers match. */
  Matched,
  /** Reserved here; the rate limit service is asked whether it is within the amount. */
  Asked,
  /** Reserved within the amount. */
  Admitted,
  /** Beyond the amount, and let through: by a tag, or because the budget only watches. */
  Exceeded,
  /** Beyond the amount, and refused. */
  Refused,
  /** The host failed: nobody knows. */
  Unknown,
}

const NAME_BYTES: i32 = 64;
const SLASH: u8 = 0x2f;

/** One call and one budget. Amounts in 1e-9 of the currency. */
@unmanaged
export class Claim {
  high: u64;
  low: u64;
  /** Bits of the overrides that fit whatever the model. */
  overrides: u64;
  amount: i64;
  reserved: i64;
  /** The key as all gateways know it. */
  commonHigh: u64;
  commonLow: u64;
  /** When it was asked: reserved by other calls here, spent here, and what of that the service did not know. */
  inFlight: i64;
  spentHere: i64;
  unsent: i64;
  /** What the service said is spent. */
  spent: i64;
  generation: u32;
  state: ClaimState;
  nameLength: i32;
  isWhole: bool;
}

/** The memory of all calls of one configuration. */
@final
export class Claims {
  private memory: StaticArray<u8> = new StaticArray<u8>(0);

  constructor(private readonly budgets: i32) {}

  /** Room for calls with slots below `slots`. */
  grow(slots: i32): void {
    const bigger = new StaticArray<u8>(slots * this.budgets * strideBytes());
    memory.copy(changetype<usize>(bigger), changetype<usize>(this.memory), this.memory.length);
    this.memory = bigger;
  }


  @inline claim(slot: i32, budget: i32): Claim {
    const index = <usize>(slot * this.budgets + budget);
    return changetype<Claim>(changetype<usize>(this.memory) + index * <usize>strideBytes());
  }

  /** Forgets a call. */
  clear(slot: i32): void {
    for (let i = 0; i < this.budgets; i++) memory.fill(changetype<usize>(this.claim(slot, i)), 0, offsetof<Claim>());
  }

  /** Keeps a key's name; a longer one is cut. */
  keepName(claim: Claim, name: Bytes): void {
    const length = min(name.length, NAME_BYTES);
    claim.nameLength = length;
    memory.copy(changetype<usize>(claim) + offsetof<Claim>(), name.ptr, length);
  }

  /** Adds the model to it, which is known later. */
  addName(claim: Claim, model: Bytes): void {
    const at = changetype<usize>(claim) + offsetof<Claim>();
    const isEmpty = claim.nameLength == 0;
    const isOpen = !isEmpty && load<u8>(at + <usize>claim.nameLength - 1) == SLASH;
    if (!isEmpty && !isOpen && claim.nameLength < NAME_BYTES) {
      store<u8>(at + <usize>claim.nameLength, SLASH);
      claim.nameLength++;
    }
    const length = min(model.length, NAME_BYTES - claim.nameLength);
    memory.copy(at + <usize>claim.nameLength, model.ptr, length);
    claim.nameLength += length;
  }

  name(claim: Claim): Bytes {
    return Bytes.view(changetype<usize>(claim) + offsetof<Claim>(), claim.nameLength);
  }
}


@inline function strideBytes(): i32 {
  return (<i32>offsetof<Claim>() + NAME_BYTES + 7) & ~7;
}
