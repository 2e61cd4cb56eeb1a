/** Global message numbers (FIT profile 21.217, `mesg_num`). */
export const FIT_MESSAGE = {
  FILE_ID: 0,
  SESSION: 18,
  LAP: 19,
  RECORD: 20,
  EVENT: 21,
  DEVICE_INFO: 23,
  ACTIVITY: 34,
  FILE_CREATOR: 49,
  LENGTH: 101,
  FIELD_DESCRIPTION: 206,
  DEVELOPER_DATA_ID: 207,
} as const;

/** FIT counts seconds from 1989-12-31T00:00:00Z; this is that instant in Unix milliseconds. */
export const FIT_EPOCH_MS = 631_065_600_000;

/** Degrees of one semicircle, FIT's unit of position. */
export const SEMICIRCLE = 180 / 2 ** 31;

/** The developer field in the session of fitglue's own files by which an import recognises them. */
export const IDENTITY_FIELD = "fitglue_identity";

/** Twenty-three days at 1 Hz; more in one file is an attack on memory. */
export const MAX_MESSAGES = 2_000_000;
