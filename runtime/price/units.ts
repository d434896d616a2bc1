// What one call is charged for: each kind of token by itself, and what is not counted in tokens.

/** The kinds of tokens that may have prices of their own. */
export const enum TokenKind {
  Input,
  CachedInput,
  CacheWrite,
  CacheWrite1h,
  AudioInput,
  ImageInput,
  Output,
  Reasoning,
  AudioOutput,
  ImageOutput,
}

/** How many kinds there are. */
export const TOKEN_KINDS: i32 = 10;

/** The units of one call. Keep one and fill it for each: no token is in two kinds. */
@final
export class Units {
  /** Input tokens of all kinds: what decides about prices above a length. */
  inputTokens: i64 = 0;
  /** Output tokens of all kinds. */
  outputTokens: i64 = 0;
  images: i64 = 0;
  searches: i64 = 0;
  private readonly tokens: StaticArray<i64> = new StaticArray<i64>(TOKEN_KINDS);

  clear(): this {
    this.inputTokens = 0;
    this.outputTokens = 0;
    this.images = 0;
    this.searches = 0;
    memory.fill(changetype<usize>(this.tokens), 0, (<usize>TOKEN_KINDS) << 3);
    return this;
  }

  /** Tokens of one kind. */
  @inline of(kind: TokenKind): i64 {
    return unchecked(this.tokens[<i32>kind]);
  }

  /**
   * Divides an input of so many tokens: what came from and went to a cache is part of it, `write1h` part of `write`;
   * audio and images that the cache does not cover have their own prices, the rest is text. Parts are cut to what is left.
   */
  divideInput(all: i64, cached: i64, write: i64, write1h: i64, audio: i64, images: i64): this {
    const total = max<i64>(all, 0);
    this.inputTokens = total;
    let rest = total;
    rest -= this.set(TokenKind.CachedInput, cached, rest);
    const written = part(write, rest);
    const long = this.set(TokenKind.CacheWrite1h, write1h, written);
    this.set(TokenKind.CacheWrite, written - long, written - long);
    rest -= written;
    rest -= this.set(TokenKind.AudioInput, audio, rest);
    rest -= this.set(TokenKind.ImageInput, images, rest);
    this.set(TokenKind.Input, rest, rest);
    return this;
  }

  /** Divides an output of so many tokens in the same way. */
  divideOutput(all: i64, reasoning: i64, audio: i64, images: i64): this {
    const total = max<i64>(all, 0);
    this.outputTokens = total;
    let rest = total;
    rest -= this.set(TokenKind.Reasoning, reasoning, rest);
    rest -= this.set(TokenKind.AudioOutput, audio, rest);
    rest -= this.set(TokenKind.ImageOutput, images, rest);
    this.set(TokenKind.Output, rest, rest);
    return this;
  }

  private set(kind: TokenKind, count: i64, most: i64): i64 {
    const taken = part(count, most);
    unchecked((this.tokens[<i32>kind] = taken));
    return taken;
  }
}

function part(count: i64, most: i64): i64 {
  return min(max<i64>(count, 0), most);
}
