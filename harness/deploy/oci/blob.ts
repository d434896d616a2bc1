// Bytes that a registry keeps, known by their digest.
import { createHash } from "node:crypto";

/** What a manifest says of a blob. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

/** A blob and its description. */
export interface Blob {
  descriptor: Descriptor;
  bytes: Uint8Array;
}

/** Describes bytes. */
export function blobOf(mediaType: string, bytes: Uint8Array): Blob {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** JSON as a blob: members in the order given, no spaces, so that the same value is the same bytes. */
export function jsonBlob(mediaType: string, value: unknown): Blob {
  return blobOf(mediaType, new TextEncoder().encode(JSON.stringify(value)));
}

/** `sha256:…` */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
