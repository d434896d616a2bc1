// The heads of both directions under one name.
export { RequestHead } from "./request-head";
export { ResponseHead } from "./response-head";
