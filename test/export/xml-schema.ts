import sax from "sax";

/**
 * A check as strict as the published schemas where fitglue's files use them: names and namespaces, order, how often, types
 * and ranges, attributes. Written from the structure of GPX 1.1, Training Center Database 2, ActivityExtension 2,
 * TrackPointExtension 2 and PowerExtension 1; what is not declared here is not allowed.
 */
export interface ElementType {
  readonly attributes?: Readonly<Record<string, ValueCheck>>;
  /** `name`, `name?`, `name*`, `name+` in the schema's order. */
  readonly sequence?: readonly string[];
  readonly children?: Readonly<Record<string, ElementType>>;
  readonly value?: ValueCheck;
  /** `xsd:any namespace="##other"`: elements of declared other namespaces, any number, in any order. */
  readonly other?: Readonly<Record<string, ElementType>>;
}

type ValueCheck = (text: string) => boolean;

const decimal: ValueCheck = (text) => /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text);
const double: ValueCheck = (text) => /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text);
const within =
  (type: ValueCheck, min: number, max: number, below = Infinity): ValueCheck =>
  (text) =>
    type(text) && Number(text) >= min && Number(text) <= max && Number(text) < below;
const integer = (min: number, max: number): ValueCheck => within((text) => /^\d+$/.test(text), min, max);
const oneOf =
  (...words: string[]): ValueCheck =>
  (text) =>
    words.includes(text);
const string: ValueCheck = () => true;
const token: ValueCheck = (text) => text === text.replaceAll(/\s+/g, " ").trim();
const dateTime: ValueCheck = (text) =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(text) &&
  !Number.isNaN(Date.parse(text.endsWith("Z") ? text : `${text}Z`));

const GPX = "http://www.topografix.com/GPX/1/1";
const TPX2 = "http://www.garmin.com/xmlschemas/TrackPointExtension/v2";
const POWER = "http://www.garmin.com/xmlschemas/PowerExtension/v1";
const TCX = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2";
const AX2 = "http://www.garmin.com/xmlschemas/ActivityExtension/v2";
const OWN = "urn:fitglue:export:1";
const XSI = "http://www.w3.org/2001/XMLSchema-instance";

const identity: ElementType = { value: (text) => /^[0-9a-f]{32}$/.test(text) };

const trkpt: ElementType = {
  attributes: { lat: within(decimal, -90, 90), lon: within(decimal, -180, 180, 180) },
  sequence: ["ele?", "time?", "extensions?"],
  children: {
    ele: { value: decimal },
    time: { value: dateTime },
    extensions: {
      other: {
        [`${TPX2} TrackPointExtension`]: {
          sequence: ["atemp?", "hr?", "cad?", "speed?"],
          children: {
            atemp: { value: double },
            hr: { value: integer(1, 255) },
            cad: { value: integer(0, 254) },
            speed: { value: double },
          },
        },
        [`${POWER} PowerInWatts`]: { value: integer(0, 65_535) },
      },
    },
  },
};

/** The root of a GPX 1.1 document. */
export const GPX_SCHEMA: Readonly<Record<string, ElementType>> = {
  [`${GPX} gpx`]: {
    attributes: { version: oneOf("1.1"), creator: string },
    sequence: ["metadata?", "trk*"],
    children: {
      metadata: {
        sequence: ["name?", "desc?", "time?"],
        children: { name: { value: string }, desc: { value: string }, time: { value: dateTime } },
      },
      trk: {
        sequence: ["name?", "desc?", "src?", "type?", "extensions?", "trkseg*"],
        children: {
          name: { value: string },
          desc: { value: string },
          src: { value: string },
          type: { value: string },
          extensions: { other: { [`${OWN} identity`]: identity } },
          trkseg: { sequence: ["trkpt*"], children: { trkpt } },
        },
      },
    },
  },
};

const bpm: ElementType = { sequence: ["Value"], children: { Value: { value: integer(1, 255) } } };
const version: ElementType = {
  sequence: ["VersionMajor", "VersionMinor", "BuildMajor?", "BuildMinor?"],
  children: Object.fromEntries(
    ["VersionMajor", "VersionMinor", "BuildMajor", "BuildMinor"].map((name) => [
      name,
      { value: integer(0, 65_535) },
    ]),
  ),
};

const trackpoint: ElementType = {
  sequence: [
    "Time",
    "Position?",
    "AltitudeMeters?",
    "DistanceMeters?",
    "HeartRateBpm?",
    "Cadence?",
    "SensorState?",
    "Extensions?",
  ],
  children: {
    Time: { value: dateTime },
    Position: {
      sequence: ["LatitudeDegrees", "LongitudeDegrees"],
      children: {
        LatitudeDegrees: { value: within(double, -90, 90) },
        LongitudeDegrees: { value: within(double, -180, 180, 180) },
      },
    },
    AltitudeMeters: { value: double },
    DistanceMeters: { value: double },
    HeartRateBpm: bpm,
    Cadence: { value: integer(0, 254) },
    SensorState: { value: oneOf("Present", "Absent") },
    Extensions: {
      other: {
        [`${AX2} TPX`]: {
          sequence: ["Speed?", "RunCadence?", "Watts?"],
          children: {
            Speed: { value: double },
            RunCadence: { value: integer(0, 254) },
            Watts: { value: integer(0, 65_535) },
          },
        },
      },
    },
  },
};

const lap: ElementType = {
  attributes: { StartTime: dateTime },
  sequence: [
    "TotalTimeSeconds",
    "DistanceMeters",
    "MaximumSpeed?",
    "Calories",
    "AverageHeartRateBpm?",
    "MaximumHeartRateBpm?",
    "Intensity",
    "Cadence?",
    "TriggerMethod",
    "Track*",
    "Notes?",
    "Extensions?",
  ],
  children: {
    TotalTimeSeconds: { value: double },
    DistanceMeters: { value: double },
    MaximumSpeed: { value: double },
    Calories: { value: integer(0, 65_535) },
    AverageHeartRateBpm: bpm,
    MaximumHeartRateBpm: bpm,
    Intensity: { value: oneOf("Active", "Resting") },
    Cadence: { value: integer(0, 254) },
    TriggerMethod: { value: oneOf("Manual", "Distance", "Location", "Time", "HeartRate") },
    Track: { sequence: ["Trackpoint+"], children: { Trackpoint: trackpoint } },
    Notes: { value: string },
    Extensions: {
      other: {
        [`${AX2} LX`]: {
          sequence: [
            "AvgSpeed?",
            "MaxBikeCadence?",
            "AvgRunCadence?",
            "MaxRunCadence?",
            "Steps?",
            "AvgWatts?",
            "MaxWatts?",
          ],
          children: {
            AvgSpeed: { value: double },
            MaxBikeCadence: { value: integer(0, 254) },
            AvgRunCadence: { value: integer(0, 254) },
            MaxRunCadence: { value: integer(0, 254) },
            Steps: { value: integer(0, 65_535) },
            AvgWatts: { value: integer(0, 65_535) },
            MaxWatts: { value: integer(0, 65_535) },
          },
        },
      },
    },
  },
};

/** The root of a Training Center Database 2 document. */
export const TCX_SCHEMA: Readonly<Record<string, ElementType>> = {
  [`${TCX} TrainingCenterDatabase`]: {
    sequence: ["Activities?", "Author?"],
    children: {
      Activities: {
        sequence: ["Activity*"],
        children: {
          Activity: {
            attributes: { Sport: oneOf("Running", "Biking", "Other") },
            sequence: ["Id", "Lap+", "Notes?", "Creator?", "Extensions?"],
            children: {
              Id: { value: dateTime },
              Lap: lap,
              Notes: { value: string },
              Creator: {
                attributes: { "xsi:type": oneOf("Device_t") },
                sequence: ["Name", "UnitId", "ProductID", "Version"],
                children: {
                  Name: { value: token },
                  UnitId: { value: integer(0, 4_294_967_295) },
                  ProductID: { value: integer(0, 65_535) },
                  Version: version,
                },
              },
              Extensions: { other: { [`${OWN} identity`]: identity, [`${OWN} sport`]: { value: token } } },
            },
          },
        },
      },
      Author: {
        attributes: { "xsi:type": oneOf("Application_t") },
        sequence: ["Name", "Build", "LangID", "PartNumber"],
        children: {
          Name: { value: token },
          Build: {
            sequence: ["Version", "Type?", "Time?", "Builder?"],
            children: {
              Version: version,
              Type: { value: oneOf("Internal", "Alpha", "Beta", "Release") },
              Time: { value: token },
              Builder: { value: token },
            },
          },
          LangID: { value: (text) => token(text) && text.length === 2 },
          PartNumber: { value: (text) => /^[\p{Lu}\d]{3}-[\p{Lu}\d]{5}-[\p{Lu}\d]{2}$/u.test(text) },
        },
      },
    },
  },
};

interface Open {
  readonly name: string;
  readonly namespace: string;
  readonly type: ElementType | undefined;
  readonly names: string[];
  text: string;
}

/** Everything in which a document departs from a schema; empty for a valid one. */
export function schemaFaults(xml: string, roots: Readonly<Record<string, ElementType>>): string[] {
  const faults: string[] = [];
  const parser = sax.parser(true, { xmlns: true });
  const open: Open[] = [];
  const onerror = (error: Error): void => {
    faults.push(`not well-formed: ${error.message}`);
    parser.resume();
  };
  parser.onopentag = (tag) => {
    const { uri, local, attributes } = tag as sax.QualifiedTag;
    const parent = open.at(-1);
    let type: ElementType | undefined;
    if (parent === undefined) type = roots[`${uri} ${local}`];
    else if (parent.type?.other !== undefined) {
      type = parent.type.other[`${uri} ${local}`];
      if (uri === parent.namespace)
        faults.push(`${local} in ${parent.name} is of the schema's own namespace`);
    } else {
      parent.names.push(local);
      if (uri === parent.namespace) type = parent.type?.children?.[local];
    }
    if (type === undefined) faults.push(`${local} is not allowed in ${parent?.name ?? "the document"}`);
    const given = Object.values(attributes).filter(({ prefix, name, uri: of }) => {
      const declaration = prefix === "xmlns" || name === "xmlns";
      return !declaration && !(of === XSI && name === "xsi:schemaLocation");
    });
    for (const { name, value } of given) {
      const check = type?.attributes?.[name];
      if (check === undefined) faults.push(`attribute ${name} of ${local} is not allowed`);
      else if (!check(value)) faults.push(`attribute ${name}="${value}" of ${local}`);
    }
    for (const name of Object.keys(type?.attributes ?? {})) {
      if (!(name in attributes)) faults.push(`attribute ${name} of ${local} is missing`);
    }
    open.push({ name: local, namespace: uri, type, names: [], text: "" });
  };
  const ontext = (text: string): void => {
    const current = open.at(-1);
    if (current !== undefined) current.text += text;
  };
  Object.assign(parser, { onerror, ontext });
  parser.onclosetag = () => {
    const { name, type, names, text } = open.pop() as Open;
    if (type === undefined) return;
    if (type.value !== undefined) {
      if (!type.value(text)) faults.push(`${name} is "${text}"`);
      if (names.length > 0) faults.push(`${name} has children`);
      return;
    }
    if (text.trim() !== "") faults.push(`${name} has text`);
    if (
      type.sequence !== undefined &&
      !sequence(type.sequence).test(names.map((own) => `${own} `).join(""))
    ) {
      faults.push(`${name} has ${names.slice(0, 20).join(", ")}`);
    }
  };
  parser.write(xml).close();
  return faults;
}

function sequence(parts: readonly string[]): RegExp {
  return new RegExp(`^${parts.map((part) => part.replace(/^(\w+)(.?)$/, "(?:$1 )$2")).join("")}$`);
}
