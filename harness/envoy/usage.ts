// What a process has used of the machine, from Linux's /proc.
import { readFile } from "node:fs/promises";
import { HarnessError } from "../error.ts";

/** CPU time (user and system) of a process in milliseconds. Resolution 10 ms. Throws `no-proc` elsewhere than on Linux. */
export async function cpuMillis(pid: number): Promise<number> {
  const text = await proc(pid, "stat");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Fields 14 and 15 of proc(5), counted from field 3; USER_HZ is 100 on every Linux that Node runs on.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process in bytes: now, and its peak. Throws `no-proc` elsewhere than on Linux. */
export async function memoryBytes(pid: number): Promise<{ resident: number; peak: number }> {
  const text = await proc(pid, "status");
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { resident: kib("VmRSS"), peak: kib("VmHWM") };
}

async function proc(pid: number, file: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch (cause) {
    throw new HarnessError(`/proc/${pid}/${file} cannot be read: the process is gone, or this is no Linux`, "no-proc", {
      cause,
    });
  }
}
