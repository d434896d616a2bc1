// The head of an answer.
import { Bytes } from "../bytes/bytes";
import { Header, MessageHead } from "./message-head";

/** The head of an answer. */
@final
export class ResponseHead extends MessageHead {
  /** The status code, 0 when there is none. */
  get status(): i32 {
    const status = this.count(Header.Status);
    return status > 0 && status <= 999 ? <i32>status : 0;
  }

  get xShouldRetry(): Bytes {
    return this.view(Header.ShouldRetry);
  }

  get grpcStatus(): Bytes {
    return this.view(Header.GrpcStatus);
  }

  /** Bedrock's error type. */
  get amznErrorType(): Bytes {
    return this.view(Header.AmznErrorType);
  }

  /** Bedrock's counts for InvokeModel, -1 when absent. */
  get bedrockInput(): i64 {
    return this.count(Header.BedrockInput);
  }

  get bedrockOutput(): i64 {
    return this.count(Header.BedrockOutput);
  }

  get bedrockCacheRead(): i64 {
    return this.count(Header.BedrockCacheRead);
  }

  get bedrockCacheWrite(): i64 {
    return this.count(Header.BedrockCacheWrite);
  }
}
