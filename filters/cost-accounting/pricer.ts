// What a call costs, as every filter prices it.
export { Pricer } from "../../runtime/ai/pricer";
