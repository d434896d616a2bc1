// The fields of a form that somebody wants to know, kept as the parts stream by.
import { areSame } from "../bytes/same";
import { Bytes } from "../bytes/bytes";
import { DocumentSink, DocumentSource, NAME_BYTES } from "./document";
import { KeptBytes } from "./kept-bytes";
import { MultipartParser } from "./multipart";

/** What was found of one wanted field; of several parts with its name the last counts. */
export class FormField {
  /** Parts with this name, also those that have not ended. */
  seen: u32 = 0;
  /** The last part ended. */
  isKnown: bool = false;
  /** The last part is a file. */
  isFile: bool = false;
  /** The last part is longer than what is kept. */
  isTruncated: bool = false;
  /** Two parts with this name were not equal, or too long to tell. */
  differs: bool = false;
  /** Length of the last part. */
  size: i64 = 0;
  /** The kept bytes of the last part. */
  readonly text: Bytes;
  private lastSize: i64 = 0;
  private readonly kept: KeptBytes;

  constructor(
    readonly name: Bytes,
    maxBytes: i32,
  ) {
    const kept = new KeptBytes(max(maxBytes, 0));
    this.kept = kept;
    this.text = kept.view;
  }

  clear(): void {
    this.seen = 0;
    this.isKnown = false;
    this.isFile = false;
    this.isTruncated = false;
    this.differs = false;
    this.size = 0;
    this.kept.clear();
  }

  /** A part with this name begins. */
  begin(isFile: bool): void {
    this.lastSize = this.size;
    if (this.seen > 0 && this.isFile != isFile) this.differs = true;
    if (this.seen < u32.MAX_VALUE) this.seen++;
    this.isKnown = false;
    this.isFile = isFile;
    this.isTruncated = false;
    this.size = 0;
    this.kept.clear();
  }

  add(ptr: usize, length: i32): void {
    this.size += <i64>length;
    const at = this.text.ptr + <usize>this.text.length;
    const fits = min(length, this.kept.capacity - this.text.length);
    // The bytes of the part before are still there: a good moment to compare.
    if (this.seen > 1 && fits > 0 && !areSame(at, ptr, fits)) this.differs = true;
    if (this.kept.add(ptr, length) < length) this.isTruncated = true;
  }

  end(isWhole: bool): void {
    this.isKnown = isWhole;
    if (this.seen > 1 && (this.isTruncated || this.size != this.lastSize)) this.differs = true;
  }
}

/** Stands behind a `MultipartParser` and keeps the wanted fields; the bytes of all others are skipped. */
export class FormFields extends DocumentSink {
  private readonly fields: Array<FormField> = new Array<FormField>();
  private current: FormField | null = null;

  /**
   * Wants the field with this name (which must stay readable) and answers its index; -1 for an empty name or one that
   * is longer than a document's name may be. Configure time only.
   */
  add(name: Bytes, maxBytes: i32): i32 {
    if (name.length <= 0 || name.length >= NAME_BYTES) return -1;
    return this.fields.push(new FormField(name, maxBytes)) - 1;
  }

  /** What was found of the field with this index, null for an index that is none. */
  field(index: i32): FormField | null {
    return <u32>index < <u32>this.fields.length ? unchecked(this.fields[index]) : null;
  }

  /** Forgets the form. */
  reset(): void {
    this.current = null;
    for (let i = 0; i < this.fields.length; i++) unchecked(this.fields[i]).clear();
  }

  onDocumentStart(source: DocumentSource): bool {
    this.current = null;
    for (let i = 0; i < this.fields.length; i++) {
      const field = unchecked(this.fields[i]);
      if (!field.name.equals(source.name)) continue;
      field.begin(source instanceof MultipartParser && (<MultipartParser>source).isFile);
      this.current = field;
      return true;
    }
    return false;
  }

  onDocumentData(ptr: usize, length: i32): void {
    const field = this.current;
    if (field !== null) field.add(ptr, length);
  }

  onDocumentEnd(source: DocumentSource): void {
    const field = this.current;
    if (field !== null) field.end(source.isDocumentWhole);
    this.current = null;
  }
}
