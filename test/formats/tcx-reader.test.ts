import { describe, expect, it } from "vitest";
import { readTcx, tcxTrackpoints } from "../../src/formats/tcx-reader.ts";
import { isTcx } from "../../src/formats/recognition.ts";

const POLAR_LIKE = `<?xml version="1.0" encoding="UTF-8"?>
<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2">
 <Activities><Activity Sport="Running">
  <Id>2026-11-18T05:42:10.000Z</Id>
  <Lap StartTime="2026-11-18T05:42:11.000Z">
   <TotalTimeSeconds>61.5</TotalTimeSeconds><DistanceMeters>150.25</DistanceMeters>
   <MaximumSpeed>3.1</MaximumSpeed><Calories>12</Calories>
   <AverageHeartRateBpm><Value>120</Value></AverageHeartRateBpm>
   <MaximumHeartRateBpm><Value>131</Value></MaximumHeartRateBpm>
   <Intensity>Active</Intensity><Cadence>80</Cadence><TriggerMethod>Manual</TriggerMethod>
   <Track>
    <Trackpoint><Time>2026-11-18T05:42:11.000Z</Time>
     <Position><LatitudeDegrees>60.1699</LatitudeDegrees><LongitudeDegrees>24.9384</LongitudeDegrees></Position>
     <AltitudeMeters>12.5</AltitudeMeters><DistanceMeters>0</DistanceMeters>
     <HeartRateBpm><Value>101</Value></HeartRateBpm><Cadence>81</Cadence><SensorState>Present</SensorState></Trackpoint>
    <Trackpoint><Time>2026-11-18T05:42:12.000Z</Time><HeartRateBpm><Value>0</Value></HeartRateBpm>
     <SensorState>Absent</SensorState>
     <Extensions><ns3:TPX xmlns:ns3="http://www.garmin.com/xmlschemas/ActivityExtension/v2">
       <ns3:Speed>2.5</ns3:Speed><ns3:Watts>210</ns3:Watts></ns3:TPX></Extensions></Trackpoint>
   </Track>
   <Track><Trackpoint><Time>2026-11-18T05:44:00Z</Time><DistanceMeters>150.25</DistanceMeters></Trackpoint>
     <Trackpoint><HeartRateBpm><Value>99</Value></HeartRateBpm></Trackpoint></Track>
   <Extensions><LX xmlns="http://www.garmin.com/xmlschemas/ActivityExtension/v2"><AvgSpeed>2.44</AvgSpeed></LX></Extensions>
  </Lap>
  <Creator><Name>Some Watch</Name><UnitId>0</UnitId><ProductID>0</ProductID><Version><VersionMajor>0</VersionMajor></Version></Creator>
 </Activity></Activities>
 <Author><Name>Some Viewer</Name></Author>
</TrainingCenterDatabase>`;

describe("readTcx", () => {
  it("reads what Polar's writer makes", () => {
    const start = Date.UTC(2026, 10, 18, 5, 42, 10);
    expect(readTcx(Buffer.from(POLAR_LIKE))).toEqual({
      author: "Some Viewer",
      damage: null,
      activities: [
        {
          sport: "Running",
          id: "2026-11-18T05:42:10.000Z",
          startTime: start,
          utcOffsetS: 0,
          notes: null,
          creator: "Some Watch",
          identity: null,
          fitSport: null,
          laps: [
            {
              startTime: start + 1000,
              totalTime: 61.5,
              distance: 150.25,
              maxSpeed: 3.1,
              avgSpeed: 2.44,
              calories: 12,
              avgHeartRate: 120,
              maxHeartRate: 131,
              avgCadence: 80,
              maxCadence: null,
              avgPower: null,
              maxPower: null,
              intensity: "Active",
              triggerMethod: "Manual",
              tracks: [
                [
                  {
                    timestamp: start + 1000,
                    positionLat: 60.1699,
                    positionLong: 24.9384,
                    altitude: 12.5,
                    distance: 0,
                    heartRate: 101,
                    cadence: 81,
                  },
                  { timestamp: start + 2000, speed: 2.5, power: 210 },
                ],
                [{ timestamp: start + 110_000, distance: 150.25 }],
              ],
            },
          ],
        },
      ],
    });
  });

  it("reads local offsets, prefixes and a document without activities", () => {
    const text = `<t:TrainingCenterDatabase xmlns:t="urn:t"><t:Activities><t:Activity Sport="Other">
      <t:Id>2026-11-18T11:12:10.000+05:30</t:Id><t:Lap StartTime="2026-11-18T11:12:10.000+05:30"><t:Track>
      <t:Trackpoint><t:Time>2026-11-18T11:12:10.000+05:30</t:Time></t:Trackpoint></t:Track></t:Lap>
      </t:Activity></t:Activities></t:TrainingCenterDatabase>`;
    const [activity] = readTcx(Buffer.from(text)).activities;
    expect(activity?.startTime).toBe(Date.UTC(2026, 10, 18, 5, 42, 10));
    expect(activity?.utcOffsetS).toBe(19_800);
    expect(readTcx(Buffer.from("<TrainingCenterDatabase/>"))).toEqual({
      activities: [],
      author: null,
      damage: null,
    });
    expect(readTcx(new Uint8Array())).toEqual({ activities: [], author: null, damage: null });
  });

  it("keeps the whole trackpoints of a file that is cut", () => {
    const cut = POLAR_LIKE.slice(0, POLAR_LIKE.indexOf("<SensorState>Absent"));
    const file = readTcx(Buffer.from(cut));
    expect(file.damage).not.toBeNull();
    const [activity] = file.activities;
    expect(activity && [...tcxTrackpoints(activity)]).toHaveLength(1);
  });
});

it("knows a TCX by its root", () => {
  expect(isTcx(Buffer.from(POLAR_LIKE.slice(0, 200)))).toBe(true);
  expect(isTcx(Buffer.from("<gpx>"))).toBe(false);
});
