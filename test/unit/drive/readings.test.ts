// Readings of what the host says: lsblk, udev's database, mountinfo, swaps. Texts as they were recorded.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { majorMinorOf, parseMountinfo, parseSwaps } from '#drive/in-use.ts';
import { parseLsblk } from '#drive/lsblk.ts';
import { parseUdevData } from '#drive/udev-data.ts';

const listed = (device: object): object => ({
  name: '/dev/sda',
  kname: '/dev/sda',
  'maj:min': '8:0',
  type: 'disk',
  size: 209_715_200,
  ro: false,
  rm: false,
  hotplug: true,
  tran: 'usb',
  subsystems: 'block:scsi:usb:pci',
  serial: null,
  wwn: null,
  vendor: null,
  model: null,
  label: null,
  partlabel: null,
  pttype: null,
  mountpoint: null,
  'phy-sec': 512,
  'log-sec': 512,
  ...device,
});

test('parseLsblk: lists drives and loop devices, and leaves out optical drives, memory and what is built upon drives', () => {
  const stdout = JSON.stringify({
    blockdevices: [
      listed({ vendor: 'QEMU    ', model: 'QEMU HARDDISK', serial: 'WX11A0000001', wwn: '0x5000' }),
      listed({ name: '/dev/loop0', 'maj:min': '  7:0', type: 'loop', tran: null, subsystems: 'block' }),
      listed({ name: '/dev/sr0', 'maj:min': '11:0', type: 'rom' }),
      listed({ name: '/dev/ram0', 'maj:min': '1:0' }),
      listed({ name: '/dev/md0', 'maj:min': '9:0', type: 'raid1' }),
    ],
  });

  assert.deepEqual(parseLsblk(stdout), {
    kind: 'ok',
    devices: [
      {
        device: '/dev/sda',
        majorMinor: '8:0',
        vendor: 'QEMU',
        model: 'QEMU HARDDISK',
        serial: 'WX11A0000001',
        wwn: '0x5000',
      },
      { device: '/dev/loop0', majorMinor: '7:0' },
    ],
  });
});

for (const stdout of ['', '{', '[]', '{"blockdevices":[{"name":"/dev/sda"}]}']) {
  test(`parseLsblk: reports the output ${JSON.stringify(stdout)} as a failed listing`, () => {
    assert.equal(parseLsblk(stdout).kind, 'problem');
  });
}

test('parseUdevData: reads port, serial and names of a USB drive', () => {
  const source = [
    'S:disk/by-diskseq/14',
    'I:69496984',
    'E:ID_BUS=usb',
    'E:ID_MODEL=QEMU_HARDDISK',
    'E:ID_VENDOR=QEMU',
    'E:ID_SERIAL=QEMU_QEMU_HARDDISK_WX11A0000001-0:0',
    'E:ID_SERIAL_SHORT=WX11A0000001',
    'E:ID_WWN=0x5000c500',
    'E:ID_WWN_WITH_EXTENSION=0x5000c500a1b2',
    'E:ID_PATH=pci-0000:00:03.0-usb-0:1:1.0-scsi-0:0:0:0',
    'G:systemd',
    '',
  ].join('\n');

  assert.deepEqual(parseUdevData(source), {
    idPath: 'pci-0000:00:03.0-usb-0:1:1.0-scsi-0:0:0:0',
    serial: 'WX11A0000001',
    wwn: '0x5000c500a1b2',
    vendor: 'QEMU',
    model: 'QEMU_HARDDISK',
    initializedUsec: 69_496_984,
  });
});

test('parseUdevData: gives nothing that udev does not know', () => {
  assert.deepEqual(parseUdevData('E:ID_SERIAL=QEMU_QEMU\nE:ID_SERIAL_SHORT=  \nI:soon\n'), {});
});

test('parseMountinfo: reads device, place, options and source, with escaped names', () => {
  const text = [
    '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard',
    '31 27 0:45 / /mnt/a\\040b rw,nosuid shared:5 master:1 - btrfs /dev/sd\\134x rw',
    'broken line',
    '',
  ].join('\n');

  assert.deepEqual(parseMountinfo(text), [
    { majorMinor: '254:0', mountPoint: '/', options: ['rw', 'relatime'], fsType: 'ext4', source: '/dev/vda' },
    { majorMinor: '0:45', mountPoint: '/mnt/a b', options: ['rw', 'nosuid'], fsType: 'btrfs', source: '/dev/sd\\x' },
  ]);
});

test('parseSwaps: names devices and files, without the heading', () => {
  const text =
    'Filename\t\t\t\tType\n/dev/sda2                               partition\t99\t0\t-2\n/swap\\040file file 1 0 -3\n';

  assert.deepEqual(parseSwaps(text), ['/dev/sda2', '/swap file']);
  assert.deepEqual(parseSwaps(''), []);
});

test('majorMinorOf: unpacks small and large device numbers', () => {
  assert.equal(majorMinorOf(0x0810), '8:16');
  // Major 259, minor 300, as glibc's makedev packs them.
  assert.equal(majorMinorOf((259 << 8) | (300 & 0xff) | ((300 & ~0xff) << 12)), '259:300');
});
