// Which file systems are mounted, by which driver and with which options. Nothing is ever mounted by a guessed type.

/** One way to mount a type. */
export interface MountAttempt {
  /** Type for mount(8), `-t`. */
  readonly fsType: string;
  /** For mount(8), `-o`; for a FUSE driver its own options. */
  readonly options: readonly string[];
  /** `fuse`: a program of its own serves the mount, and knows nothing of `nosymfollow`. */
  readonly driver: 'kernel' | 'fuse';
}

/** How a type is mounted; the attempts in the order in which they are tried where the kernel does not know one. */
export type MountOptions =
  | { readonly kind: 'mount'; readonly attempts: readonly [MountAttempt, ...MountAttempt[]] }
  | { readonly kind: 'unsupported' };

/** Flags of every mount: nothing on it is written, run, opened as a device, trusted or followed. */
export const MOUNT_FLAGS: readonly string[] = ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow', 'noatime'];

const kernel = (fsType: string, ...own: string[]): MountAttempt => ({
  fsType,
  options: [...MOUNT_FLAGS, ...own],
  driver: 'kernel',
});

// The server runs as root, its reader does not. `norecover` leaves the log of an NTFS alone (ntfs-3g(8)).
const fuse = (fsType: string, ...own: string[]): MountAttempt => ({
  fsType,
  options: ['ro', 'nosuid', 'nodev', 'noexec', 'noatime', 'allow_other', ...own],
  driver: 'fuse',
});

/** Option of XFS: its journal is neither replayed nor written to (Linux, admin-guide/xfs.rst). */
export const XFS_WITHOUT_JOURNAL = 'norecovery';

// By blkid's TYPE. Names come as UTF-8 wherever the driver translates them. FAT keeps local times of a zone that
// nobody knows; read as UTC they are at least the same on every station.
const ATTEMPTS: ReadonlyMap<string, readonly [MountAttempt, ...MountAttempt[]]> = new Map([
  ['ext2', [kernel('ext2', 'errors=remount-ro')]],
  // A journal that is loaded is written to when the file system is found damaged: read-only at block level is a word that
  // the kernel warns of and does not keep. One that would have to be replayed is a hold before the mount.
  ['ext3', [kernel('ext3', 'errors=remount-ro', 'noload')]],
  ['ext4', [kernel('ext4', 'errors=remount-ro', 'noload')]],
  // Two drives of one clone carry the same UUID, and both may be in the station. A journal is written to, as that of an ext4.
  ['xfs', [kernel('xfs', 'nouuid', XFS_WITHOUT_JOURNAL)]],
  // The top of the tree, from where every subvolume is seen: the one that is shown by default may be any of them.
  ['btrfs', [kernel('btrfs', 'subvolid=5')]],
  ['vfat', [kernel('vfat', 'utf8', 'tz=UTC')]],
  ['exfat', [kernel('exfat', 'iocharset=utf8'), fuse('exfat-fuse')]],
  ['ntfs', [kernel('ntfs3', 'iocharset=utf8'), fuse('ntfs-3g', 'norecover')]],
  ['hfsplus', [kernel('hfsplus', 'nls=utf8')]],
  ['iso9660', [kernel('iso9660', 'iocharset=utf8')]],
  ['udf', [kernel('udf', 'iocharset=utf8')]],
]);

/** Types that the station can mount where the host has a driver. */
export const FILE_SYSTEMS: readonly string[] = [...ATTEMPTS.keys()];

/** The mount of a type as blkid names it, or that this station cannot read it. */
export const mountOptions = (type: string): MountOptions => {
  const attempts = ATTEMPTS.get(type);
  return attempts === undefined ? { kind: 'unsupported' } : { kind: 'mount', attempts };
};
