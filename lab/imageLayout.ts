/**
 * Makes images out of nothing: OCI layouts with random layers, because no base image can be pulled here and because
 * random bytes are what deduplication and caches cannot help with.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export interface ImageShape {
  /** @default 1 */
  readonly layers?: number;
  /** Bytes of each layer. @default 65536 */
  readonly layerBytes?: number;
}

export interface MadeImage {
  /** Folder of the layout. */
  readonly dir: string;
  /** Of the manifest: what a registry acknowledges and a client compares. */
  readonly digest: string;
}

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

/** One file in the ustar format; a layer must be a tar archive, or an unpacking client refuses it. */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0" + "0000000\0" + "0000000\0", 100);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        0", 148);
  header.write("ustar\0" + "00", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

export async function makeImage(dir: string, shape: ImageShape = {}): Promise<MadeImage> {
  const blobs = join(dir, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const put = async (data: Buffer): Promise<{ digest: string; size: number }> => {
    const hex = sha256(data);
    await writeFile(join(blobs, hex), data);
    return { digest: `sha256:${hex}`, size: data.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const archives = Array.from({ length: shape.layers ?? 1 }, (_, index) =>
    tarOf(`layer-${index}`, randomBytes(shape.layerBytes ?? 65_536)),
  );
  const layers = await Promise.all(
    archives.map(async (archive) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      ...(await put(gzipSync(archive, { level: 1 }))),
    })),
  );
  const config = await put(
    json({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: archives.map((archive) => `sha256:${sha256(archive)}`) },
    }),
  );
  const manifest = await put(
    json({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers,
    }),
  );
  const entry = { mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest };
  await writeFile(join(dir, "index.json"), json({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(dir, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  return { dir, digest: manifest.digest };
}
