import { IDENTITY_NAMESPACE, sessionIdentity } from "../formats/identity.ts";
import { isInstant, isOnFoot, type Samples, type Sport, type StoredActivity } from "../model/index.ts";
import { coveringSpans, isWholeSession, type LapSpan, sessionSpan, sportWords, valueAt } from "./session.ts";
import { dateTime, decimalOf, element, escapeXml, group, integerOf, longitude } from "./xml.ts";

/** TCX knows two sports. */
const SPORTS: Readonly<Partial<Record<Sport, string>>> = { running: "Running", cycling: "Biking" };

const TRIGGERS = {
  manual: "Manual",
  time: "Time",
  distance: "Distance",
  position_start: "Location",
  position_lap: "Location",
  position_waypoint: "Location",
  position_marked: "Location",
  session_end: "Manual",
  fitness_equipment: "Manual",
} as const;

/**
 * An activity as a Training Center Database 2 document, with or without positions: laps, trackpoints, speed, power and
 * running cadence in Garmin's ActivityExtension. A recorded pause begins a new track. The schema demands a time, a distance
 * and calories of every lap: what is unknown is 0 there, as in every TCX.
 */
export function tcxFile(activity: StoredActivity): string {
  const isUtc = isInstant(activity.startTime);
  const spans = coveringSpans(activity);
  const parts = spreadOver(spans, activity.samples);
  const laps = spans.map((span, index) =>
    lapText(activity, span, parts[index] ?? [0, 0], isWholeSession(span, activity), isUtc),
  );
  const sport = SPORTS[activity.sport] ?? "Other";
  const notes = [activity.title, activity.notes].filter((text) => text !== null).join("\n");
  return `<?xml version="1.0" encoding="UTF-8"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ax="http://www.garmin.com/xmlschemas/ActivityExtension/v2" xmlns:fitglue="${IDENTITY_NAMESPACE}" xsi:schemaLocation="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2 http://www.garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd http://www.garmin.com/xmlschemas/ActivityExtension/v2 http://www.garmin.com/xmlschemas/ActivityExtensionv2.xsd">
<Activities>
<Activity Sport="${sport}">
<Id>${dateTime(sessionSpan(activity).start, isUtc)}</Id>
${laps.join("\n")}
${element("Notes", notes)}${creatorOf(activity)}<Extensions><fitglue:identity>${sessionIdentity(activity)}</fitglue:identity><fitglue:sport>${sportWords(activity)}</fitglue:sport></Extensions>
</Activity>
</Activities>
<Author xsi:type="Application_t"><Name>fitglue</Name><Build><Version><VersionMajor>0</VersionMajor><VersionMinor>0</VersionMinor><BuildMajor>0</BuildMajor><BuildMinor>0</BuildMinor></Version></Build><LangID>en</LangID><PartNumber>000-00000-00</PartNumber></Author>
</TrainingCenterDatabase>
`;
}

function creatorOf(activity: StoredActivity): string {
  if (activity.device === null) return "";
  const name = escapeXml(activity.device.replaceAll(/\s+/g, " ").trim());
  return (
    `<Creator xsi:type="Device_t"><Name>${name}</Name><UnitId>0</UnitId><ProductID>0</ProductID>` +
    "<Version><VersionMajor>0</VersionMajor><VersionMinor>0</VersionMinor><BuildMajor>0</BuildMajor>" +
    "<BuildMinor>0</BuildMinor></Version></Creator>"
  );
}

/** The samples of each lap, as [from, to) of their index: what lies before the first belongs to it, and so at the end. */
function spreadOver(spans: readonly LapSpan[], samples: Samples): (readonly [number, number])[] {
  const { timestamp } = samples;
  let from = 0;
  return spans.map((_, index) => {
    const until = spans[index + 1]?.start ?? Infinity;
    const begin = from;
    while (from < timestamp.length && (timestamp[from] ?? 0) < until) from++;
    return [begin, from] as const;
  });
}

function lapText(
  activity: StoredActivity,
  { lap, start, end }: LapSpan,
  [from, to]: readonly [number, number],
  only: boolean,
  isUtc: boolean,
): string {
  const session = only ? activity : undefined;
  const whole = sessionSpan(activity);
  const seconds =
    lap?.totalTimerTime ??
    (only ? whole.timer : null) ??
    lap?.totalElapsedTime ??
    Math.max(0, end - start) / 1000;
  const legs = isOnFoot(activity.sport) ? 2 : 1;
  const cadence = (value: number | null | undefined): number | undefined =>
    integerOf(value === null || value === undefined ? value : value / legs, 0, 254);
  const average = cadence(session?.avgCadence);
  const highest = cadence(session?.maxCadence);
  const extension = group(
    "ax:LX",
    element("ax:AvgSpeed", decimalOf(session?.avgSpeed, 4)),
    legs === 1 ? element("ax:MaxBikeCadence", highest) : "",
    legs === 2 ? element("ax:AvgRunCadence", average) : "",
    legs === 2 ? element("ax:MaxRunCadence", highest) : "",
    element("ax:AvgWatts", integerOf(session?.avgPower, 0, 65_535)),
    element("ax:MaxWatts", integerOf(session?.maxPower, 0, 65_535)),
  );
  const bpm = (name: string, value: number | null | undefined): string =>
    group(name, element("Value", integerOf(value, 1, 255)));
  return [
    `<Lap StartTime="${dateTime(start, isUtc)}">`,
    `<TotalTimeSeconds>${decimalOf(seconds, 3)}</TotalTimeSeconds>`,
    `<DistanceMeters>${decimalOf(lap?.totalDistance ?? session?.totalDistance ?? 0, 3)}</DistanceMeters>`,
    element("MaximumSpeed", decimalOf(session?.maxSpeed, 4)),
    `<Calories>${integerOf(lap?.totalCalories ?? session?.totalCalories, 0, 65_535) ?? 0}</Calories>`,
    bpm("AverageHeartRateBpm", lap?.avgHeartRate ?? session?.avgHeartRate),
    bpm("MaximumHeartRateBpm", lap?.maxHeartRate ?? session?.maxHeartRate),
    `<Intensity>${lap?.intensity === "rest" || lap?.intensity === "recovery" ? "Resting" : "Active"}</Intensity>`,
    legs === 1 ? element("Cadence", average) : "",
    `<TriggerMethod>${lap?.lapTrigger ? TRIGGERS[lap.lapTrigger] : "Manual"}</TriggerMethod>`,
    tracksText(activity, from, to, legs, isUtc),
    group("Extensions", extension),
    "</Lap>",
  ].join("");
}

function tracksText(
  activity: StoredActivity,
  from: number,
  to: number,
  legs: number,
  isUtc: boolean,
): string {
  const { samples, pauses } = activity;
  let text = "";
  let open = false;
  let pause = 0;
  for (let index = from; index < to; index++) {
    const time = samples.timestamp[index] ?? 0;
    while ((pauses[pause]?.end ?? Infinity) <= time) {
      pause++;
      if (open) text += "\n</Track>";
      open = false;
    }
    if (!open) text += "\n<Track>";
    open = true;
    text += `\n${trackpointText(samples, index, legs, isUtc)}`;
  }
  return open ? `${text}\n</Track>` : text;
}

function trackpointText(samples: Samples, index: number, legs: number, isUtc: boolean): string {
  const lat = valueAt(samples, "positionLat", index);
  const long = valueAt(samples, "positionLong", index);
  const placed = lat !== undefined && long !== undefined && Math.abs(lat) <= 90 && Math.abs(long) <= 180;
  const cadence = valueAt(samples, "cadence", index);
  const turns = integerOf(cadence === undefined ? undefined : cadence / legs, 0, 254);
  const extension = group(
    "ax:TPX",
    element("ax:Speed", decimalOf(valueAt(samples, "speed", index), 3)),
    legs === 2 ? element("ax:RunCadence", turns) : "",
    element("ax:Watts", integerOf(valueAt(samples, "power", index), 0, 65_535)),
  );
  return [
    "<Trackpoint>",
    `<Time>${dateTime(samples.timestamp[index] ?? 0, isUtc)}</Time>`,
    placed
      ? group(
          "Position",
          element("LatitudeDegrees", decimalOf(lat, 8)),
          element("LongitudeDegrees", longitude(long)),
        )
      : "",
    element("AltitudeMeters", decimalOf(valueAt(samples, "altitude", index), 3)),
    element("DistanceMeters", decimalOf(valueAt(samples, "distance", index), 3)),
    group("HeartRateBpm", element("Value", integerOf(valueAt(samples, "heartRate", index), 1, 255))),
    legs === 1 ? element("Cadence", turns) : "",
    group("Extensions", extension),
    "</Trackpoint>",
  ].join("");
}
