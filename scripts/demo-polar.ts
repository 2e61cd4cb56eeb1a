// `npm run demo:polar`: the way from nothing to a list of sessions, without an account. Everything happens on this
// machine, in a folder that is gone at the end: a fake AccessLink plays Polar, and this script plays the person who
// consents in the browser.
import { FakeAccessLink } from "../test/fakes/accesslink.ts";
import { ride, strengthTraining, trailRun } from "../test/fakes/polar-sessions.ts";
import { freePort, openStage } from "./demo-stage.ts";

const port = await freePort();
const fake = await FakeAccessLink.start({ redirectUris: [`http://localhost:${port}/callback`] });
const { say, fitglue, consentAt, close } = openStage(fake.environment);

try {
  say("a fake Polar AccessLink runs on this machine; nothing leaves it");
  await fitglue(["connect", "polar", "--no-browser", "--port", String(port)], consentAt("Polar"));

  say("the watch uploads a few sessions");
  fake.upload(trailRun());
  fake.upload(strengthTraining());
  for (let i = 0; i < 4; i++) fake.upload(ride(i * 26));
  fake.onCommit = ({ ids }) => say(`Polar is told that ${ids.length} sessions are safe, and forgets them`);
  await fitglue(["sync", "polar", "--verbose"]);
  await fitglue(["list"]);
  await fitglue(["show", "1"]);

  say("again: nothing is new, nothing is doubled, nothing is said");
  await fitglue(["sync", "polar"]);
} finally {
  await fake.close();
  close();
}
