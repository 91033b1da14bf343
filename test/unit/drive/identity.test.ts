// Fingerprint, name and attachment of a drive, and the bay that it is in.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bayOf, portText } from '#drive/bay.ts';
import type { AttachedDrive, DriveProbe } from '#drive/contract.ts';
import { attachmentId, driveFingerprint, driveName } from '#drive/identity.ts';

const DRIVE: AttachedDrive = {
  device: '/dev/sdb',
  kernelName: 'sdb',
  diskSequence: 14,
  port: { idPath: 'pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0' },
  sizeBytes: 2_000_398_934_016,
  vendor: 'Samsung',
  model: 'T7',
  serial: 'S5T2NS0R',
  wwn: '0x5002538f',
  inUse: false,
  ready: true,
};
const PROBE: DriveProbe = {
  partitionTable: { type: 'gpt', uuid: 'b0525296' },
  volumes: [
    { device: '/dev/sdb', partitionNumber: 0, sizeBytes: 1 },
    { device: '/dev/sdb1', partitionNumber: 1, sizeBytes: 1, type: 'vfat', uuid: '1AC1-D811' },
    { device: '/dev/sdb2', partitionNumber: 2, sizeBytes: 1, type: 'ext4', uuid: 'f0ab57d5' },
  ],
};
const BAYS = [
  { name: 'Bay 1', port: { idPath: 'pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0' } },
  { name: 'Bay 2', port: DRIVE.port },
  { name: 'Image', port: { backingFile: '/srv/drive.img' } },
];

test('driveFingerprint: is the same in another bay, under another name and in another order', () => {
  const elsewhere: AttachedDrive = { ...DRIVE, device: '/dev/sdc', kernelName: 'sdc', diskSequence: 99, port: {} };

  const again = driveFingerprint(elsewhere, { ...PROBE, volumes: PROBE.volumes.toReversed() });

  assert.equal(again, driveFingerprint(DRIVE, PROBE));
  assert.match(again, /^[0-9a-f]{64}$/u);
});

test('driveFingerprint: tells apart two drives with one serial', () => {
  const others: readonly DriveProbe[] = [
    { ...PROBE, partitionTable: { type: 'gpt', uuid: 'another' } },
    { ...PROBE, volumes: PROBE.volumes.slice(0, 2) },
    { volumes: PROBE.volumes },
  ];

  const prints = new Set([
    driveFingerprint(DRIVE, PROBE),
    ...others.map((other) => driveFingerprint(DRIVE, other)),
    driveFingerprint({ ...DRIVE, sizeBytes: 1 }, PROBE),
    driveFingerprint({ ...DRIVE, wwn: '0x1' }, PROBE),
  ]);

  assert.equal(prints.size, others.length + 3);
});

test('driveFingerprint: tells apart a drive without serial and one without WWN of the same number', () => {
  const { wwn: _wwn, serial: _serial, ...bare } = DRIVE;

  assert.notEqual(driveFingerprint({ ...bare, wwn: '1' }, PROBE), driveFingerprint({ ...bare, serial: '1' }, PROBE));
});

test('driveName: says make, model, serial and the size as the maker prints it', () => {
  assert.equal(driveName(DRIVE), 'Samsung T7, serial S5T2NS0R, 2.0 TB');
});

test('driveName: makes do with what is known, and with an image', () => {
  const { vendor: _vendor, model: _model, serial: _serial, ...bare } = DRIVE;

  assert.equal(driveName({ ...bare, sizeBytes: 0 }), 'drive, 0 B');
  assert.equal(
    driveName({ ...bare, sizeBytes: 33_554_432, port: { backingFile: '/srv/a\n.img' } }),
    'image /srv/a\\u{a}.img, 33.6 MB',
  );
});

test('driveName: prints nothing that steers a terminal', () => {
  assert.equal(
    driveName({ ...DRIVE, model: 'T7\u001b[31m', serial: 'a\nb' }),
    'Samsung T7\\u{1b}[31m, serial a\\u{a}b, 2.0 TB',
  );
});

test('attachmentId: is made of boot and disk sequence', () => {
  assert.equal(attachmentId({ bootId: '176e4541', diskSequence: 14 }), '176e4541:14');
});

test('bayOf: finds the bay of a port and of an image, and none for another', () => {
  assert.equal(bayOf(DRIVE, BAYS)?.name, 'Bay 2');
  assert.equal(bayOf({ port: { backingFile: '/srv/drive.img' } }, BAYS)?.name, 'Image');
  assert.equal(bayOf({ port: { backingFile: '/srv/drive.img (deleted)' } }, BAYS), undefined);
  assert.equal(bayOf({ port: { idPath: 'pci' } }, BAYS), undefined);
});

test('bayOf: never takes an unknown port for a bay', () => {
  assert.equal(bayOf({ port: {} }, [...BAYS, { name: 'empty', port: {} }]), undefined);
});

test('portText: shows a port, an image and nothing, on one line', () => {
  assert.equal(portText({ idPath: 'pci-0' }), 'pci-0');
  assert.equal(portText({ backingFile: '/srv/a\nb' }), '/srv/a\\u{a}b');
  assert.equal(portText({}), 'unknown port');
});
