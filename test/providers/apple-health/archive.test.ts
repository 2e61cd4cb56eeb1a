import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../../src/errors.ts";
import { ExitCode } from "../../../src/exit-codes.ts";
import { openExport, recognizesExport } from "../../../src/providers/apple-health/archive.ts";
import type { ExportFiles, RouteBytes } from "../../../src/providers/apple-health/elements.ts";
import type { ImportFile } from "../../../src/providers/types.ts";
import { builtModule } from "../../cli.ts";
import { buildZip, type EntrySpec } from "./zip-builder.ts";

const XML = `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n]>\n<HealthData locale="en_GB">\n${Array.from({ length: 400 }, (_, n) => `<Record type="x" value="${n * 7919}"/>`).join("\n")}\n</HealthData>\n`;
const GPX = '<?xml version="1.0"?>\n<gpx><trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk></gpx>';
const MAIN: EntrySpec = { name: "apple_health_export/export.xml", content: XML };
const ROUTE: EntrySpec = { name: "apple_health_export/workout-routes/route_a.gpx", content: GPX };
const CDA: EntrySpec = {
  name: "apple_health_export/export_cda.xml",
  content: `<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3">${"<a/>".repeat(5000)}</ClinicalDocument>`,
};

let folder = "";
let serial = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fitglue-archive-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A fresh path in the test's folder. */
function path(name: string): string {
  const at = join(folder, String(serial++), name);
  mkdirSync(dirname(at), { recursive: true });
  return at;
}

function write(name: string, content: string | Buffer): string {
  const at = path(name);
  writeFileSync(at, content);
  return at;
}

/** A folder with these files. */
function tree(files: Readonly<Record<string, string | Buffer>>): string {
  const root = path("root");
  mkdirSync(root);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

/** What the import command hands over. */
function given(at: string): ImportFile {
  const stats = statSync(at);
  const untouchable = new Set<string>();
  if (stats.isDirectory())
    return { path: at, isDirectory: true, size: 0, head: Buffer.alloc(0), untouchable };
  const head = Buffer.alloc(Math.min(4096, stats.size));
  const file = openSync(at, "r");
  readSync(file, head);
  closeSync(file);
  return { path: at, isDirectory: false, size: stats.size, head, untouchable };
}

interface Opened {
  readonly xml: string;
  readonly files: ExportFiles;
  readonly routes: readonly RouteBytes[];
  readonly damage: readonly string[];
}

async function read(at: string, reference = "/workout-routes/route_a.gpx"): Promise<Opened> {
  const files = await openExport(given(at));
  try {
    const pieces: Buffer[] = [];
    for await (const piece of files.main) pieces.push(Buffer.from(piece));
    const routes: RouteBytes[] = [];
    for (const route of files.routes(reference)) routes.push(await route.read());
    const damage = files.damage.map(({ code, message, loss }) => `${code}${loss ? "!" : ""} ${message}`);
    return { xml: Buffer.concat(pieces).toString(), files, routes, damage };
  } finally {
    await files.close();
  }
}

describe("exports are found whatever they look like", () => {
  const cases: Readonly<Record<string, () => string>> = {
    "a zip from the phone": () => write("export.zip", buildZip([MAIN, ROUTE])),
    "a zip with data descriptors": () =>
      write(
        "a.zip",
        buildZip([
          { ...MAIN, descriptor: true },
          { ...ROUTE, descriptor: true },
        ]),
      ),
    "stored entries": () =>
      write(
        "a.zip",
        buildZip([
          { ...MAIN, method: 0 },
          { ...ROUTE, method: 0 },
        ]),
      ),
    "zip64 entries": () =>
      write(
        "a.zip",
        buildZip([
          { ...MAIN, zip64: true },
          { ...ROUTE, zip64: true },
        ]),
      ),
    "a zip repacked by macOS": () =>
      write(
        "Archive.zip",
        buildZip([
          { name: "apple_health_export/", content: "", method: 0 },
          { name: "__MACOSX/apple_health_export/._export.xml", content: "Mac OS X <HealthData >" },
          MAIN,
          { name: "__MACOSX/apple_health_export/workout-routes/._route_a.gpx", content: "Mac OS X" },
          ROUTE,
        ]),
      ),
    "a zip with a large CDA file": () => write("a.zip", buildZip([CDA, ROUTE, MAIN])),
    "a localised name": () =>
      write("a.zip", buildZip([{ ...MAIN, name: "apple_health_export/導出.xml" }, ROUTE])),
    "a name in a lost encoding": () =>
      write(
        "a.zip",
        buildZip([
          { ...MAIN, name: Buffer.from("apple_health_export/\u00b5\u00e9\u00ff.xml", "latin1") },
          ROUTE,
        ]),
      ),
    "a name without a suffix": () =>
      write("a.zip", buildZip([{ ...MAIN, name: "apple_health_export/export" }, ROUTE])),
    "a zip with a comment": () => write("a.zip", buildZip([MAIN, ROUTE], { comment: "by hand" })),
    "a zip of the inner folder": () =>
      write(
        "a.zip",
        buildZip([
          { ...MAIN, name: "export.xml" },
          { ...ROUTE, name: "workout-routes/route_a.gpx" },
        ]),
      ),
    "the unzipped folder": () =>
      tree({ "Exportar.xml": XML, "workout-routes/route_a.gpx": GPX, "export_cda.xml": CDA.content }),
    "the folder around it": () =>
      tree({ "apple_health_export/export.xml": XML, "apple_health_export/workout-routes/route_a.gpx": GPX }),
    "the bare XML with its routes beside it": () =>
      join(tree({ "my health.xml": XML, "workout-routes/route_a.gpx": GPX }), "my health.xml"),
    "routes without their folder": () => tree({ "export.xml": XML, "route_a.gpx": GPX }),
  };
  it.each(Object.entries(cases))("%s", async (_, make) => {
    const at = make();
    await expect(recognizesExport(given(at))).resolves.toBe(true);
    const { xml, files, routes, damage } = await read(at);
    expect(xml).toBe(XML);
    expect(files.mainBytes).toBe(Buffer.byteLength(XML));
    expect(files.routeCount).toBe(1);
    expect(routes.map(({ bytes }) => bytes.toString())).toEqual([GPX]);
    expect(routes.flatMap((route) => route.damage)).toEqual([]);
    expect(damage).toEqual([]);
  });

  it("gives the deflated bytes of a route as the zip holds them", async () => {
    const { routes } = await read(write("a.zip", buildZip([MAIN, ROUTE])));
    expect(inflateRawSync(routes[0]?.deflated ?? Buffer.alloc(0)).toString()).toBe(GPX);
  });

  it("takes two entries of one name for two routes", async () => {
    const second = GPX.replace('lat="1"', 'lat="5"');
    const { routes, files } = await read(
      write("a.zip", buildZip([MAIN, ROUTE, { ...ROUTE, content: second }])),
    );
    expect(routes.map(({ bytes }) => bytes.toString())).toEqual([GPX, second]);
    expect(files.routeCount).toBe(2);
  });

  it("finds a route by path before it looks for its name elsewhere", async () => {
    const elsewhere = { ...ROUTE, name: "apple_health_export/old/route_a.gpx", content: "<gpx/>" };
    const at = write("a.zip", buildZip([MAIN, elsewhere, ROUTE]));
    expect((await read(at)).routes.map(({ bytes }) => bytes.toString())).toEqual([GPX]);
    expect((await read(at, "/gone/route_a.gpx")).routes).toHaveLength(2);
    expect((await read(at, "route_b.gpx")).routes).toHaveLength(0);
  });

  it("finds a decomposed name by its composed form", async () => {
    const at = write(
      "a.zip",
      buildZip([MAIN, { ...ROUTE, name: "apple_health_export/workout-routes/e\u0301.gpx" }]),
    );
    expect((await read(at, "/workout-routes/\u00e9.gpx")).routes).toHaveLength(1);
  });

  it("reads nothing outside of the export, whatever a name says", async () => {
    const root = tree({ "export/export.xml": XML, "secret.gpx": GPX, "export/workout-routes/x.gpx": GPX });
    for (const reference of ["/../secret.gpx", "../../secret.gpx", join(root, "secret.gpx")]) {
      expect((await read(join(root, "export"), reference)).routes).toEqual([]);
    }
    const slip = { ...ROUTE, name: "../../../../etc/route_a.gpx" };
    const { routes } = await read(write("a.zip", buildZip([MAIN, slip])));
    expect(routes.map(({ bytes }) => bytes.toString())).toEqual([GPX]);
  });

  it("is not misled by files that only mention HealthData", async () => {
    const at = tree({ "notes.txt": "<HealthData>", "page.xml": "<html/>" });
    await expect(recognizesExport(given(at))).resolves.toBe(false);
    await expect(recognizesExport(given(write("a.gpx", GPX)))).resolves.toBe(false);
  });
});

interface Strange {
  readonly name: string;
  readonly make: () => string;
  readonly code: string;
  readonly message: string;
}

const noise = Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 7919) & 0xff));

const STRANGE: readonly Strange[] = [
  {
    name: "an encrypted zip",
    make: () => write("a.zip", buildZip([{ ...MAIN, encrypted: true }])),
    code: "INPUT_ENCRYPTED",
    message: "the archive is encrypted",
  },
  {
    name: "a zip in a zip",
    make: () => write("a.zip", buildZip([{ name: "out/export.zip", content: buildZip([MAIN]), method: 0 }])),
    code: "INPUT_NESTED_ARCHIVE",
    message: "the archive holds another archive, export.zip, and no export itself",
  },
  {
    name: "a zip of something else",
    make: () => write("export.zip", buildZip([{ name: "a.txt", content: "hello" }])),
    code: "INPUT_UNKNOWN",
    message: "the archive holds no Apple Health export (no XML file with HealthData in it)",
  },
  {
    name: "a zip with the CDA file only",
    make: () => write("a.zip", buildZip([CDA])),
    code: "INPUT_UNKNOWN",
    message: "the archive holds only the CDA part of an Apple Health export, without the workouts",
  },
  {
    name: "an empty zip",
    make: () => write("a.zip", buildZip([])),
    code: "INPUT_UNKNOWN",
    message: "the archive is empty",
  },
  {
    name: "100,000 empty entries",
    make: () =>
      write(
        "a.zip",
        buildZip(Array.from({ length: 100_000 }, (_, n) => ({ name: `${n}.xml`, content: "", method: 0 }))),
      ),
    code: "INPUT_UNKNOWN",
    message: "the archive holds 100000 empty files and no export",
  },
  {
    name: "Deflate64",
    make: () => write("a.zip", buildZip([{ ...MAIN, method: 9 }])),
    code: "INPUT_COMPRESSION",
    message:
      "the archive is compressed in a way that cannot be read (Deflate64, as Windows does with large files)",
  },
  {
    name: "UTF-16",
    make: () => write("export.xml", Buffer.from(`\ufeff${XML}`, "utf16le")),
    code: "INPUT_ENCODING",
    message: "the export's XML is encoded in UTF-16, and only UTF-8 can be read",
  },
  {
    name: "UTF-16, big-endian, in a zip",
    make: () => write("a.zip", buildZip([{ ...MAIN, content: Buffer.from(XML, "utf16le").swap16() }])),
    code: "INPUT_ENCODING",
    message: "the export's XML is encoded in UTF-16, and only UTF-8 can be read",
  },
  {
    name: "the bare CDA file",
    make: () => write("export_cda.xml", CDA.content),
    code: "INPUT_UNKNOWN",
    message: "this is the CDA file of an export, which holds no workouts",
  },
  {
    name: "a zip cut in its first entry's header",
    make: () => write("a.zip", buildZip([MAIN]).subarray(0, 34)),
    code: "INPUT_DAMAGED",
    message: "the archive is damaged, and nothing could be found in it",
  },
  {
    name: "a zip signature with noise behind it",
    make: () => write("a.zip", Buffer.concat([Buffer.from("PK\u0003\u0004", "latin1"), noise])),
    code: "INPUT_DAMAGED",
    message: "the archive is damaged, and nothing could be found in it",
  },
  {
    name: "a folder that holds only the zip",
    make: () => tree({ "export.zip": buildZip([MAIN]) }),
    code: "INPUT_UNKNOWN",
    message: "the folder holds no unpacked Apple Health export, but an archive",
  },
];

describe("strange files get a sentence and exit 6", () => {
  it.each(STRANGE)("$name", async ({ make, code, message }) => {
    const file = given(make());
    await expect(recognizesExport(file)).resolves.toBe(true);
    const error = await openExport(file).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code, message, exitCode: ExitCode.INPUT });
  });

  /** What a script says of a folder, as somebody who may not read `locked`: root may read anything, so the question is asked by nobody. */
  const asNobody = (root: string, locked: string, script: string): string => {
    chmodSync(folder, 0o755);
    chmodSync(dirname(root), 0o755);
    chmodSync(locked, 0o000);
    const text = `import { openExport } from ${JSON.stringify(builtModule("providers/apple-health/archive"))};
      if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
      const given = { path: ${JSON.stringify(root)}, isDirectory: true, size: 0, head: Buffer.alloc(0) };
      ${script}`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", text], {
      encoding: "utf8",
    });
    chmodSync(locked, 0o700);
    expect(stderr).toBe("");
    return stdout;
  };

  it.each([
    '<Record type="HKQuantityTypeIdentifierHeartRate"',
    '<Workout workoutActivityType="HKWorkoutActivityTypeRunning"',
  ])("an export is known without its beginning: %s", async (element) => {
    const path = join(tree({ "rest.xml": `ndDate="x"/>\n ${element} sourceName="Watch"/>` }), "rest.xml");
    await expect(recognizesExport(given(path))).resolves.toBe(true);
    await (await openExport(given(path))).close();
  });

  it("a folder without read permission", () => {
    const locked = tree({ "export.xml": XML });
    const script = `try { await openExport(given); } catch (error) { console.log(error.code, error.exitCode, error.message); }`;
    expect(asNobody(locked, locked, script)).toBe(
      "INPUT_UNREADABLE 6 the folder cannot be read: permission denied\n",
    );
  });

  it("a folder of routes without read permission, which is not a folder without routes", () => {
    const root = tree({ "export.xml": XML, "workout-routes/a.gpx": "<gpx/>" });
    chmodSync(root, 0o755);
    chmodSync(join(root, "export.xml"), 0o644);
    const script = `const { damage } = await openExport(given); console.log(JSON.stringify(damage));`;
    expect(JSON.parse(asNobody(root, join(root, "workout-routes"), script))).toEqual([
      {
        code: "route-unreadable",
        message: "the folder workout-routes cannot be read: permission denied",
        offset: 0,
        loss: true,
      },
    ]);
  });
});

interface Damaged {
  readonly name: string;
  readonly zip: () => Buffer;
  /** How many characters of the main XML must be there at least. */
  readonly xml: number;
  readonly damage: readonly string[];
}

const LOST_DIRECTORY =
  "archive-directory! the archive has no directory, as if cut off; its files were looked for one by one";
const COMPRESSED = buildZip([MAIN], { directory: false }).length;

const DAMAGED: readonly Damaged[] = [
  {
    name: "no directory",
    zip: () => buildZip([ROUTE, MAIN], { directory: false }),
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "no directory, sizes behind the data",
    zip: () =>
      buildZip(
        [
          { ...MAIN, descriptor: true },
          { ...ROUTE, descriptor: true },
        ],
        { directory: false },
      ),
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "no directory, zip64",
    zip: () => buildZip([{ ...MAIN, zip64: true }, ROUTE], { directory: false }),
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "something in front of the archive, so that its offsets are wrong",
    zip: () => Buffer.concat([Buffer.from("PK\u0003\u0004 not really", "latin1"), buildZip([MAIN, ROUTE])]),
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "so much behind the archive that its end is not looked for there",
    zip: () => Buffer.concat([buildZip([MAIN, ROUTE]), Buffer.alloc(200_000)]),
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "an archive that is cut off behind a whole one",
    zip: () => Buffer.concat([buildZip([MAIN]), buildZip([ROUTE], { directory: false })]),
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "a whole archive behind one that is cut off, which a directory that seems sound would hide",
    zip: () => Buffer.concat([buildZip([MAIN], { directory: false }), buildZip([ROUTE])]),
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "a directory with more entries than its end says",
    zip: () => {
      const zip = buildZip([MAIN, ROUTE]);
      zip.writeUInt16LE(1, zip.length - 12);
      return zip;
    },
    xml: XML.length,
    damage: [LOST_DIRECTORY],
  },
  {
    name: "cut in the middle of the main XML",
    zip: () => buildZip([ROUTE, MAIN], { directory: false }).subarray(0, -Math.floor(COMPRESSED / 2)),
    xml: 3000,
    damage: [
      LOST_DIRECTORY,
      "archive-truncated! apple_health_export/export.xml: the archive ends within it, at byte N",
    ],
  },
  {
    name: "cut in a stored main XML",
    zip: () => buildZip([ROUTE, { ...MAIN, method: 0 }], { directory: false }).subarray(0, -5000),
    xml: XML.length - 5000,
    damage: [
      LOST_DIRECTORY,
      `archive-truncated! apple_health_export/export.xml: ${XML.length - 5000} bytes where the archive promises ${XML.length}, at byte N`,
    ],
  },
  {
    name: "a wrong checksum",
    zip: () => buildZip([{ ...MAIN, crc: 1 }, ROUTE]),
    xml: XML.length,
    damage: ["archive-checksum! apple_health_export/export.xml: its checksum is wrong, at byte N"],
  },
  {
    name: "sizes of 32 bits where there are more (as macOS writes them)",
    zip: () => buildZip([{ ...MAIN, size: XML.length % 4096, compressedSize: 17, descriptor: true }, ROUTE]),
    xml: XML.length,
    damage: [
      `archive-damaged! apple_health_export/export.xml: ${XML.length} bytes where the archive promises ${XML.length % 4096}, at byte N`,
    ],
  },
];

/** The record that ends a directory, made up: of an archive of nothing. */
const NO_END = Buffer.concat([Buffer.from("PK\u0005\u0006", "latin1"), Buffer.alloc(18)]);

describe("an archive with something before or behind it is whole", () => {
  it.each<[string, Buffer, Buffer, string, Parameters<typeof buildZip>[1]?]>([
    ["a newline behind it", Buffer.alloc(0), Buffer.from("\n"), "1 behind it"],
    ["5000 zero bytes behind it", Buffer.alloc(0), Buffer.alloc(5000), "5000 behind it"],
    ["more behind it than a comment may have", Buffer.alloc(0), Buffer.alloc(70_000), "70000 behind it"],
    ["300 zero bytes before it", Buffer.alloc(300), Buffer.alloc(0), "300 before it"],
    ["both", Buffer.alloc(300), Buffer.from("\r\n"), "300 before it, 2 behind it"],
    [
      "both, with an end of 64 bits",
      Buffer.alloc(9),
      Buffer.alloc(9),
      "9 before it, 9 behind it",
      { zip64: true },
    ],
    [
      "both, and a comment",
      Buffer.alloc(9),
      Buffer.alloc(9),
      "9 before it, 9 behind it",
      { comment: "export" },
    ],
    ["what looks like another end", Buffer.alloc(0), NO_END, "22 behind it"],
    ["an end that is cut off", Buffer.alloc(0), NO_END.subarray(0, 10), "10 behind it"],
  ])("%s", async (_, before, behind, places, options) => {
    const zip = buildZip([{ ...MAIN, zip64: options?.zip64 === true }, ROUTE], options);
    const opened = await read(write("a.zip", Buffer.concat([before, zip, behind])));
    expect(opened.xml).toBe(XML);
    expect(opened.routes.map(({ bytes }) => bytes.toString())).toEqual([GPX]);
    expect(opened.damage).toEqual([
      `archive-extra-bytes the file has bytes that are no part of the archive: ${places}`,
    ]);
  });

  it("also with thousands of false ends behind it, which are not all believed in turn", async () => {
    const many = Array.from({ length: 60_000 }, (_, n) => ({ name: `${n}.csv`, content: "", method: 0 }));
    const zip = buildZip([MAIN, ROUTE, ...many]);
    // Each of them names the real directory, and one entry more than it has.
    const end = Buffer.from(zip.subarray(zip.length - 22));
    end.writeUInt16LE(60_003, 8);
    end.writeUInt16LE(60_003, 10);
    const start = performance.now();
    const { xml } = await read(
      write("a.zip", Buffer.concat([zip, ...Array.from({ length: 5000 }, () => end)])),
    );
    expect(xml).toBe(XML);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe("damaged archives give what is in them", () => {
  it.each(DAMAGED)("$name", async ({ zip, xml: least, damage }) => {
    const opened = await read(write("a.zip", zip()));
    expect(XML.startsWith(opened.xml)).toBe(true);
    expect(opened.xml.length).toBeGreaterThanOrEqual(least);
    // The place is where the plain bytes end.
    expect(opened.damage.map((text) => text.replace(`at byte ${opened.xml.length}`, "at byte N"))).toEqual(
      damage,
    );
    expect(opened.routes.map(({ bytes }) => bytes.toString())).toEqual([GPX]);
  });

  it("a bit that is wrong: everything before it is there", async () => {
    const random = Array.from(
      { length: 60_000 },
      (_, n) => `<Record value="${Math.imul(n, 2654435761) >>> 0}"/>`,
    );
    const content = `<HealthData>${random.join("\n")}</HealthData>`;
    const at = 150_000;
    const { xml, damage } = await read(
      write(
        "a.zip",
        buildZip([
          {
            ...MAIN,
            content,
            damage: (compressed) => {
              compressed.fill(0xff, at, at + 64);
              return compressed;
            },
          },
        ]),
      ),
    );
    let same = 0;
    while (same < xml.length && xml[same] === content[same]) same++;
    // What zlib makes of the broken bytes themselves may be anything; what lies before them is whole.
    const packed = content.length * (at / buildZip([{ ...MAIN, content }]).length);
    expect(same).toBeGreaterThan(packed * 0.9);
    expect(damage).toHaveLength(1);
    expect(damage[0]).toMatch(/^archive-damaged! apple_health_export\/export\.xml: .*, at byte \d+$/);
  });

  it("sizes modulo 2^32 are no damage", async () => {
    // An entry of more than 4 GiB would be told so; its lower 32 bits are what is compared.
    const { xml, damage } = await read(
      write("a.zip", buildZip([{ ...MAIN, zip64: true, size: XML.length + 2 ** 32 }, ROUTE])),
    );
    expect(xml).toBe(XML);
    expect(damage).toEqual([]);
  });

  it("a route that is damaged is told with it", async () => {
    const cases: readonly (readonly [EntrySpec, string])[] = [
      [{ ...ROUTE, crc: 5 }, "archive-checksum its checksum is wrong"],
      [
        { ...ROUTE, damage: (bytes) => bytes.subarray(0, 30) },
        "archive-damaged its compressed data are damaged, and 63 bytes of it are lost",
      ],
      [{ ...ROUTE, size: 7 }, `archive-damaged ${GPX.length} bytes where the archive promises 7`],
    ];
    for (const [route, expected] of cases) {
      const { routes } = await read(write("a.zip", buildZip([MAIN, route])));
      expect(routes).toHaveLength(1);
      expect(routes[0]?.deflated).toBeUndefined();
      expect(routes[0]?.damage.map(({ code, message }) => `${code} ${message}`)).toEqual([expected]);
      expect(GPX.startsWith(routes[0]?.bytes.toString().slice(0, 20) ?? "-")).toBe(true);
    }
  });

  it("a route that cannot be read says so", async () => {
    for (const [route, code] of [
      [{ ...ROUTE, encrypted: true }, "INPUT_ENCRYPTED"],
      [{ ...ROUTE, method: 14 }, "INPUT_COMPRESSION"],
    ] as const) {
      await expect(read(write("a.zip", buildZip([MAIN, route])))).rejects.toMatchObject({ code });
    }
  });

  it("a bomb of a route is not inflated to its end", async () => {
    const bomb = buildZip([MAIN, { ...ROUTE, content: Buffer.alloc(200 << 20, 32) }]);
    await expect(read(write("a.zip", bomb))).rejects.toMatchObject({ code: "INPUT_ROUTE_TOO_LARGE" });
  });

  it("another export in the same container is named", async () => {
    const smaller = { ...MAIN, name: "old/export.xml", content: "<HealthData/>" };
    const { xml, damage } = await read(write("a.zip", buildZip([smaller, MAIN, ROUTE])));
    expect(xml).toBe(XML);
    expect(damage).toEqual([
      "further-export! the archive holds another export, which was not read: old/export.xml",
    ]);
    const inFolder = await read(
      tree({ "a/export.xml": XML, "b/export.xml": "<HealthData/>", "a/route_a.gpx": GPX }),
    );
    expect(inFolder.xml).toBe(XML);
    expect(inFolder.damage).toEqual([
      "further-export! the folder holds another export, which was not read: b/export.xml",
    ]);
  });

  it("reads no more than asked when it is left early", async () => {
    const files = await openExport(given(write("a.zip", buildZip([{ ...MAIN, content: XML.repeat(400) }]))));
    for await (const piece of files.main) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await files.close();
  });
});
