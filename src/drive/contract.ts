// What is plugged in, and what can be mounted of it: the contract of this room.

/** Where a drive is plugged in: `ID_PATH` of udev for a port, the backing file's absolute path for a loop image. */
export interface Port {
  readonly idPath?: string;
  readonly backingFile?: string;
}

/** A bay as configured: a port with a name that a technician can read. */
export interface Bay {
  readonly name: string;
  readonly port: Port;
}

/** A whole drive as the kernel, lsblk and udev show it; reading it never opens the device. */
export interface AttachedDrive {
  /** `/dev/sdb` */
  readonly device: string;
  /** `sdb`: its folder in /sys/block. */
  readonly kernelName: string;
  /** /sys/block/X/diskseq: new for each attachment since boot (kernel commit cf179948554a). */
  readonly diskSequence: number;
  readonly port: Port;
  readonly sizeBytes: number;
  readonly vendor?: string;
  readonly model?: string;
  readonly serial?: string;
  readonly wwn?: string;
  /** True where the drive carries `/`, swap or another mount of the host's own namespace, or is part of LVM, md or dm. */
  readonly inUse: boolean;
  /** Why `inUse`, in words. */
  readonly inUseBy?: string;
  /** True once size is known and nothing of it changes any more. */
  readonly ready: boolean;
}

/** Everything that is attached now. */
export interface DriveSnapshot {
  readonly bootId: string;
  readonly drives: readonly AttachedDrive[];
}

/** A mountable place of a drive, or one that is not: the whole device or one partition, as `blkid -p` sees it. */
export interface Volume {
  readonly device: string;
  /** 0 for the whole device, else the partition's number. */
  readonly partitionNumber: number;
  readonly sizeBytes: number;
  /** blkid TYPE (`ext4`, `vfat`, `crypto_LUKS`, `BitLocker`, `LVM2_member`, ...); absent for nothing recognised. */
  readonly type?: string;
  /** blkid USAGE: filesystem, raid, crypto, other. */
  readonly usage?: string;
  readonly uuid?: string;
  readonly label?: string;
  /** Partition type: GPT GUID or MBR byte (`0xef`), lower case. */
  readonly partitionType?: string;
  /** Where the volume begins on the drive; 0 for the whole device. */
  readonly startBytes?: number;
  /** Set where nothing was recognised: its first MiB is all 0x00 or all 0xff, as on a drive that was never written. */
  readonly isBlank?: boolean;
  /** Drives that a btrfs stretches over (`num_devices` of its superblock). */
  readonly deviceCount?: number;
}

/** What the launcher finds after it has made the drive read-only. */
export interface DriveProbe {
  readonly partitionTable?: { readonly type: string; readonly uuid?: string };
  readonly volumes: readonly Volume[];
}

/** Codes of the holds that a drive causes before anything is mounted, or by its mount. */
export type DriveHoldCode =
  | 'BlankDrive'
  | 'NoFileSystem'
  | 'UnknownFileSystem'
  | 'UnsupportedFileSystem'
  | 'EncryptedVolume'
  | 'LvmMember'
  | 'RaidMember'
  | 'MultiDeviceFileSystem'
  | 'JournalNotClean'
  | 'HibernatedVolume'
  | 'MountFailed'
  | 'DriveInUse'
  | 'ProbeFailed'
  | 'TooManyVolumes';

/** What to do with the volumes of a drive. */
export type VolumePlan =
  | {
      readonly kind: 'look';
      readonly volumes: readonly Volume[];
      /** EFI system partitions: looked at too, but they count only if they hold SIGNATURE. */
      readonly maybe: readonly Volume[];
    }
  | { readonly kind: 'hold'; readonly code: DriveHoldCode; readonly details: Readonly<Record<string, string>> };
