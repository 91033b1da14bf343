// What udev has noted about a block device: the files of /run/udev/data, which anyone may read.

/** Facts of one device from udev's database. */
export interface UdevFacts {
  /** The port. */
  readonly idPath?: string;
  readonly serial?: string;
  readonly wwn?: string;
  readonly vendor?: string;
  readonly model?: string;
  /** When udev was first done with it, microseconds of the monotonic clock; absent while it is not. */
  readonly initializedUsec?: number;
}

/** Folder of udev's database; absent where udev does not run. */
export const UDEV_DATA_FOLDER = '/run/udev/data';

/** Reads one file of the database: lines `I:USEC` and `E:NAME=VALUE` (libudev's private but long unchanged form). */
export const parseUdevData = (source: string): UdevFacts => {
  const values = new Map<string, string>();
  let initializedUsec: number | undefined;
  for (const line of source.split('\n')) {
    const at = line.indexOf('=');
    if (line.startsWith('E:') && at !== -1) values.set(line.slice('E:'.length, at), line.slice(at + 1));
    if (line.startsWith('I:')) initializedUsec = Number(line.slice('I:'.length));
  }
  const field = (name: keyof UdevFacts, value: string | undefined): object =>
    value === undefined || value.trim() === '' ? {} : { [name]: value.trim() };
  return {
    ...field('idPath', values.get('ID_PATH')),
    // ID_SERIAL is made of vendor, model and serial, so it is no serial.
    ...field('serial', values.get('ID_SERIAL_SHORT')),
    // A WWN alone names the target; with its extension it names the drive behind it.
    ...field('wwn', values.get('ID_WWN_WITH_EXTENSION') ?? values.get('ID_WWN')),
    ...field('vendor', values.get('ID_VENDOR')),
    ...field('model', values.get('ID_MODEL')),
    ...(initializedUsec === undefined || !Number.isSafeInteger(initializedUsec) ? {} : { initializedUsec }),
  };
};
