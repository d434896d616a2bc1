// Talks to a registry (the OCI distribution protocol): asks what is there, uploads in pieces that survive broken connections.
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../../error.ts";
import { answerChallenge, needsLogin, parseChallenge } from "./authorization.ts";
import type { Blob } from "./blob.ts";
import type { Credentials } from "./credentials.ts";

/** What a registry may be told. */
export interface RegistryOptions {
  /** `https://ghcr.io` */
  origin: string;
  /** As people call it, for messages. */
  name: string;
  repository: string;
  credentials?: Credentials | undefined;
  /** Bytes of one piece; a registry may ask for more. Default 4 MiB. */
  chunkBytes?: number;
  /** Tries after the first. Default 5. */
  retries?: number;
  /** Before the first retry; doubled for each further one. Default 250. */
  backoffMs?: number;
  /** Told of pieces sent and of retries. */
  onProgress?: (sentBytes: number, note?: string) => void;
}

const TIMEOUT_MS = 60_000;
const CHUNK_BYTES = 4 << 20;

/** An answer that is worth another try. */
class Transient extends Error {}

/** The registry has given an upload up: it starts anew. Docker's own does so when a piece arrives in part. */
class UploadLost extends Error {}

/** One repository of a registry. */
export class Registry {
  readonly #options: RegistryOptions;
  #authorization: string | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** The digest that a tag stands for; undefined where there is none. */
  async manifestDigest(tag: string, mediaType: string): Promise<string | undefined> {
    const answer = await this.#send("HEAD", `/manifests/${tag}`, { headers: { accept: mediaType } });
    if (answer.status === 404) return undefined;
    await this.#expect(answer, [200], "reading a manifest");
    return answer.headers.get("docker-content-digest") ?? undefined;
  }

  /** Whether a blob is there. */
  async hasBlob(digest: string): Promise<boolean> {
    const answer = await this.#send("HEAD", `/blobs/${digest}`);
    if (answer.status === 404) return false;
    await this.#expect(answer, [200], "looking for a blob");
    return true;
  }

  /** Uploads a blob. A broken upload goes on where it broke, if the registry still has it, and else from its start. */
  async putBlob(blob: Blob): Promise<void> {
    const { digest } = blob.descriptor;
    for (let failures = 0; ;) {
      try {
        const url = new URL(await this.#sendPieces(await this.#startUpload(), blob.bytes));
        url.searchParams.set("digest", digest);
        const answer = await this.#send("PUT", url.href, { headers: { "content-length": "0" } });
        if (answer.status === 404 || answer.status === 400) {
          await drop(answer);
          // The answer to a PUT that did its work may have been lost.
          if (await this.hasBlob(digest)) return;
          throw new UploadLost("the registry has lost the upload");
        }
        return await this.#expect(answer, [201, 204], "finishing an upload");
      } catch (error) {
        if (!(error instanceof UploadLost)) throw error;
        failures++;
        await this.#pause(failures, error);
      }
    }
  }

  /** Writes a manifest. Throws `registry-odd` if the registry calculates another digest. */
  async putManifest(manifest: Blob, reference: string): Promise<void> {
    const { mediaType, digest } = manifest.descriptor;
    const answer = await this.#send("PUT", `/manifests/${reference}`, {
      headers: { "content-type": mediaType },
      body: manifest.bytes as Uint8Array<ArrayBuffer>,
    });
    await this.#expect(answer, [201, 200], "writing the manifest");
    const theirs = answer.headers.get("docker-content-digest");
    if (theirs !== null && theirs !== digest) {
      throw new HarnessError(`${this.#options.name} stored ${theirs} instead of ${digest}`, "registry-odd");
    }
  }

  async #startUpload(): Promise<{ url: string; chunkBytes: number }> {
    const answer = await this.#send("POST", "/blobs/uploads/", { headers: { "content-length": "0" } });
    await this.#expect(answer, [202], "starting an upload");
    const least = Number(answer.headers.get("oci-chunk-min-length") ?? 0);
    return { url: this.#location(answer), chunkBytes: Math.max(least, this.#options.chunkBytes ?? CHUNK_BYTES) };
  }

  /** Sends all pieces; answers where the upload is to be finished. */
  async #sendPieces({ url, chunkBytes }: { url: string; chunkBytes: number }, bytes: Uint8Array): Promise<string> {
    let location = url;
    let at = 0;
    for (let failures = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + chunkBytes);
      try {
        const answer = await this.#once("PATCH", location, {
          headers: {
            "content-type": "application/octet-stream",
            "content-range": `${at}-${at + piece.length - 1}`,
            "content-length": String(piece.length),
          },
          body: piece as Uint8Array<ArrayBuffer>,
        });
        if (answer.status === 416) {
          await drop(answer);
          throw new Transient("the registry has another part of it");
        }
        if (answer.status === 404 && at > 0) {
          await drop(answer);
          throw new UploadLost("the registry has lost the upload");
        }
        await this.#expect(answer, [202, 201, 204], "uploading");
        location = this.#location(answer, location);
        at += piece.length;
        failures = 0;
        this.#options.onProgress?.(at);
      } catch (error) {
        if (!(error instanceof Transient)) throw error;
        failures++;
        await this.#pause(failures, error);
        ({ at, location } = await this.#resume(location));
      }
    }
    return location;
  }

  /** How far an upload got. */
  async #resume(location: string): Promise<{ at: number; location: string }> {
    const answer = await this.#send("GET", location);
    await drop(answer);
    if (answer.status !== 204 && answer.status !== 202) throw new UploadLost("the registry has lost the upload");
    const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.get("range") ?? "")?.[1];
    // `0-0` stands for nothing as well as for one byte: the registry refuses what does not fit, and is asked again.
    const arrived = last === undefined || last === "0" ? 0 : Number(last) + 1;
    return { at: arrived, location: this.#location(answer, location) };
  }

  /** A request, again where that may help. */
  async #send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    for (let failures = 0; ;) {
      try {
        return await this.#once(method, path, init);
      } catch (error) {
        if (!(error instanceof Transient)) throw error;
        failures++;
        await this.#pause(failures, error);
      }
    }
  }

  /** One request, with the authorization that the registry asks for. */
  async #once(method: string, path: string, init: RequestInit): Promise<Response> {
    const { origin, repository, name, credentials } = this.#options;
    const url = path.startsWith("/") ? `${origin}/v2/${repository}${path}` : path;
    const go = async (): Promise<Response> => {
      const headers = new Headers(init.headers);
      // Uploads may go to a storage of another origin, which is not to see the registry's credentials.
      if (this.#authorization !== undefined && new URL(url).origin === origin)
        headers.set("authorization", this.#authorization);
      try {
        return await fetch(url, { ...init, method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      } catch (error) {
        throw this.#networkError(error);
      }
    };
    let answer = await go();
    if (answer.status === 401) {
      const challenge = parseChallenge(answer.headers.get("www-authenticate"));
      await drop(answer);
      if (challenge === undefined)
        throw new HarnessError(`${name} answers 401 and does not say how to log in`, "registry-odd");
      const scope = `repository:${repository}:pull,push`;
      const had = this.#authorization;
      this.#authorization = await answerChallenge(challenge, credentials, name, scope);
      answer = await go();
      if (answer.status === 401) {
        await drop(answer);
        if (credentials === undefined) throw needsLogin(name);
        throw new HarnessError(
          `${name} does not take the credentials of ${credentials.username || "this token"} (from ${credentials.from}): log in again` +
            (had === undefined ? "" : ", or the token lasts too short for this upload"),
          "registry-unauthorized",
        );
      }
    }
    if (answer.status === 429 || answer.status >= 500) {
      const { status } = answer;
      const after = Number(answer.headers.get("retry-after") ?? 0);
      await drop(answer);
      if (after > 0) await sleep(Math.min(after, 30) * 1000);
      throw new Transient(`it answered ${status}`);
    }
    return answer;
  }

  #networkError(error: unknown): Error {
    const { name } = this.#options;
    const cause = (error as { cause?: NodeJS.ErrnoException }).cause;
    const code = cause?.code ?? "";
    const fail = (why: string) =>
      new HarnessError(`${name} cannot be reached: ${why}`, "registry-unreachable", { cause: error });
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") return fail("there is no such host; is its name right?");
    if (cause?.message === "bad port") return fail("no HTTP client connects to that port; the registry needs another");
    if (code === "ECONNREFUSED") return fail("nothing listens there; is its port right?");
    if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
      return fail(`its certificate is not trusted (${code}): set NODE_EXTRA_CA_CERTS to the file of its authority`);
    }
    if (/EPROTO|ERR_SSL/.test(code)) return fail("it does not speak TLS: --http says that it is a plain one");
    return new Transient(cause?.message ?? (error as Error).message);
  }

  async #pause(failures: number, error: Error): Promise<void> {
    const { retries = 5, backoffMs = 250, name, onProgress } = this.#options;
    if (failures > retries) {
      throw new HarnessError(`${name} fails again and again: ${error.message}`, "registry-unreachable", {
        cause: error,
      });
    }
    onProgress?.(-1, `${error.message}; trying again`);
    await sleep(backoffMs * 2 ** (failures - 1));
  }

  #location(answer: Response, before?: string): string {
    const location = answer.headers.get("location");
    if (location === null) {
      if (before !== undefined) return before;
      throw new HarnessError(`${this.#options.name} does not say where to upload to`, "registry-odd");
    }
    return new URL(location, answer.url || `${this.#options.origin}/`).href;
  }

  async #expect(answer: Response, statuses: readonly number[], doing: string): Promise<void> {
    if (statuses.includes(answer.status)) return drop(answer);
    const { name, repository, credentials } = this.#options;
    const text = await answer.text().catch(() => "");
    const codes = [...text.matchAll(/"code"\s*:\s*"([A-Z_]+)"/g)].map(([, code]) => code ?? "");
    const who = credentials === undefined ? "without credentials" : `as ${credentials.username || "the token's owner"}`;
    const explained: [boolean, string, string][] = [
      [
        answer.status === 403 || codes.includes("DENIED"),
        "registry-denied",
        `${who} one may not push to ${repository}`,
      ],
      [
        answer.status === 405 || codes.includes("UNSUPPORTED"),
        "registry-read-only",
        "it is read-only, or a proxy of another registry",
      ],
      [
        codes.includes("NAME_UNKNOWN") || answer.status === 404,
        "registry-no-repository",
        `there is no repository ${repository}, and it is not made by pushing`,
      ],
      [codes.includes("NAME_INVALID"), "registry-denied", `it does not allow the name ${repository}`],
      [answer.status === 413, "registry-denied", "the image is too large for it"],
    ];
    const [, code, why] = explained.find(([is]) => is) ?? [
      true,
      "registry-odd",
      `it answered ${answer.status} ${text.slice(0, 200)}`.trim(),
    ];
    throw new HarnessError(`${name}: ${doing} failed: ${why}`, code);
  }
}

/** Reads an answer to its end, so that its connection can be used again. */
async function drop(answer: Response): Promise<void> {
  await answer.arrayBuffer().catch(() => undefined);
}
