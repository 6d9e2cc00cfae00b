import { vi } from "vitest";

/** What a request prints on standard output, which is kept from it meanwhile. */
export async function linesOf(request: () => Promise<unknown>): Promise<string> {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await request();
    return write.mock.calls.map(([line]) => String(line)).join("");
  } finally {
    write.mockRestore();
  }
}
