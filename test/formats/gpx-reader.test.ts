import { expect, it } from "vitest";
import { gpxPoints, readGpx } from "../../src/formats/gpx-reader.ts";
import { isGpx } from "../../src/formats/recognition.ts";

const TEXT = `<?xml version="1.0"?>
<gpx version="1.1" creator="Some Watch" xmlns="http://www.topografix.com/GPX/1/1"
 xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1" xmlns:gpxdata="http://www.cluetrust.com/XML/GPXDATA/1/0">
 <metadata><name>Loop</name><time>2026-11-18T05:00:00Z</time></metadata>
 <wpt lat="1" lon="2"><time>2026-11-18T05:00:00Z</time></wpt>
 <trk><name>Morning</name><desc>wet</desc><type>running</type>
  <trkseg>
   <trkpt lat="-36.85" lon="174.76"><ele>12.4</ele><time>2026-11-18T05:42:10Z</time>
    <extensions><power>201</power><gpxtpx:TrackPointExtension><gpxtpx:atemp>17</gpxtpx:atemp><gpxtpx:hr>101</gpxtpx:hr>
     <gpxtpx:cad>82</gpxtpx:cad></gpxtpx:TrackPointExtension></extensions></trkpt>
   <trkpt lat="-36.8501" lon="174.7601"><time>2026-11-18T05:42:11.500Z</time>
    <extensions><gpxdata:hr>0</gpxdata:hr><gpxdata:temp>16.5</gpxdata:temp><gpxdata:distance>14.5</gpxdata:distance></extensions></trkpt>
   <trkpt lat="-36.86" lon="174.77"/>
  </trkseg>
  <trkseg><trkpt lat="-36.87" lon="174.78"><time>2026-11-18T05:50:00Z</time></trkpt></trkseg>
 </trk>
</gpx>`;

it("reads tracks, segments and the usual extensions", () => {
  const start = Date.UTC(2026, 10, 18, 5, 42, 10);
  expect(readGpx(Buffer.from(TEXT))).toEqual({
    creator: "Some Watch",
    name: "Loop",
    damage: null,
    tracks: [
      {
        name: "Morning",
        description: "wet",
        type: "running",
        identity: null,
        utcOffsetS: 0,
        untimed: 1,
        segments: [
          [
            {
              timestamp: start,
              positionLat: -36.85,
              positionLong: 174.76,
              altitude: 12.4,
              power: 201,
              temperature: 17,
              heartRate: 101,
              cadence: 82,
            },
            {
              timestamp: start + 1500,
              positionLat: -36.8501,
              positionLong: 174.7601,
              temperature: 16.5,
              distance: 14.5,
            },
          ],
          [{ timestamp: start + 470_000, positionLat: -36.87, positionLong: 174.78 }],
        ],
      },
    ],
  });
});

it("keeps whole points of a file that is cut", () => {
  const file = readGpx(Buffer.from(TEXT.slice(0, TEXT.indexOf("<gpxdata:hr>"))));
  expect(file.damage).not.toBeNull();
  expect(file.tracks.flatMap((track) => [...gpxPoints(track)])).toHaveLength(1);
});

it("knows a GPX by its root", () => {
  expect(isGpx(Buffer.from(TEXT.slice(0, 100)))).toBe(true);
  expect(isGpx(Buffer.from("<TrainingCenterDatabase>"))).toBe(false);
});
