// `vmConfig.env` SLUICE_ON_INVALID_CONFIG=refuse: a wrong configuration is refused even on a fresh start.
import { environmentHas } from "../host/environment";
import { Bytes } from "../bytes/bytes";

const REFUSE = Bytes.constant("SLUICE_ON_INVALID_CONFIG=refuse");

/** Whether the operator would rather have no gateway than one that passes everything through. */
export function wantsRefusal(): bool {
  return environmentHas(REFUSE);
}
