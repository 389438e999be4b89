/** A DNS server of a few lines, on a port of its own: answers every question with what a function says. */
import { createSocket } from "node:dgram";
import { isIPv4, isIPv6 } from "node:net";

/** Values of one name's records, by type; asked anew for every question. */
export type Zone = (name: string) => { readonly [Type in RecordType]?: readonly string[] };
type RecordType = keyof typeof TYPES;

const TYPES = { A: 1, NS: 2, CNAME: 5, AAAA: 28 } as const;
const HEADER_BYTES = 12;
const NO_SUCH_NAME = 3;

export interface NameServer {
  /** `address:port`. */
  readonly address: string;
  close(): Promise<void>;
}

export async function nameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => socket.send(answerTo(question, zone), from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function answerTo(question: Buffer, zone: Zone): Buffer {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const asked = question.readUInt16BE(at + 1);
  const records = zone(labels.join(".").toLowerCase());
  const values = Object.entries(TYPES).flatMap(([type, code]) =>
    code === asked ? (records[type as RecordType] ?? []).map((value) => ({ code, value })) : [],
  );
  const header = Buffer.from(question.subarray(0, HEADER_BYTES));
  // An answer, with recursion as the question wanted it.
  header.writeUInt16BE(0x8180 | (Object.keys(records).length === 0 ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(values.length, 6);
  header.writeUInt32BE(0, 8);
  const answers = values.map(({ code, value }) => {
    const data = dataOf(value);
    const fixed = Buffer.alloc(12);
    // The name is the question's, by its position.
    fixed.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    fixed.writeUInt16BE(code, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(1, 6);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([header, question.subarray(HEADER_BYTES, at + 5), ...answers]);
}

function dataOf(value: string): Buffer {
  if (isIPv4(value)) return Buffer.from(value.split(".").map(Number));
  if (isIPv6(value)) {
    const [head = "", tail] = value.split("::");
    const groups = (text: string) => text.split(":").filter((group) => group !== "");
    const [before, after] = [groups(head), groups(tail ?? "")];
    const all = [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
    return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
  }
  const labels = value.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
