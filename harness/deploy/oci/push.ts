// Pushes an image: asks first, sends what is missing, the manifest last.
import type { Credentials } from "./credentials.ts";
import type { Image } from "./image.ts";
import { originOf, type Reference } from "./reference.ts";
import { Registry, type RegistryOptions } from "./registry.ts";

/** How to push. */
export interface PushOptions extends Pick<RegistryOptions, "chunkBytes" | "retries" | "backoffMs"> {
  credentials?: Credentials | undefined;
  /** Plain HTTP also for a registry that is not on loopback. */
  isPlain?: boolean;
  /** Told what goes on: bytes of all that are there now. */
  onProgress?: (doneBytes: number, allBytes: number, note?: string) => void;
}

/** What was done. */
export interface PushResult {
  digest: string;
  /** Nothing had to be sent. */
  wasThere: boolean;
  sentBytes: number;
}

/** Pushes. Throws HarnessErrors that say what to do. */
export async function pushImage(image: Image, to: Reference, options: PushOptions = {}): Promise<PushResult> {
  const { digest, mediaType } = image.manifest.descriptor;
  const allBytes = image.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  let doneBytes = 0;
  let sentBytes = 0;
  const registry = new Registry({
    origin: originOf(to.registry, options.isPlain ?? false),
    name: to.registry,
    repository: to.repository,
    credentials: options.credentials,
    ...(options.chunkBytes !== undefined && { chunkBytes: options.chunkBytes }),
    ...(options.retries !== undefined && { retries: options.retries }),
    ...(options.backoffMs !== undefined && { backoffMs: options.backoffMs }),
    onProgress: (sent, note) => options.onProgress?.(doneBytes + Math.max(0, sent), allBytes, note),
  });
  if ((await registry.manifestDigest(to.tag, mediaType)) === digest) return { digest, wasThere: true, sentBytes: 0 };
  for (const blob of image.blobs) {
    if (!(await registry.hasBlob(blob.descriptor.digest))) {
      await registry.putBlob(blob);
      sentBytes += blob.bytes.length;
    }
    doneBytes += blob.bytes.length;
    options.onProgress?.(doneBytes, allBytes);
  }
  await registry.putManifest(image.manifest, to.tag);
  return { digest, wasThere: false, sentBytes };
}
