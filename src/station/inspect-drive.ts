// From a drive that was just plugged in to the one volume that holds its SIGNATURE. Nothing of the drive but the roots of
// its volumes is read here, and everything stops at the first hold.

import type { AttachedDrive, DriveProbe, Volume } from '#drive/contract.ts';
import { driveFingerprint } from '#drive/identity.ts';
import { planVolumes } from '#drive/volumes.ts';
import { freeDrive } from './free-drive.ts';
import { hold, type Hold } from './hold.ts';
import { judgeVolumes } from './judge-volumes.ts';
import type { LaunchClient } from './launch-client.ts';
import { openLoaderSession, type LoaderSession } from './loader-session.ts';

/** A drive with a SIGNATURE; the session is the caller's to dispose. */
export interface InspectedDrive {
  readonly session: LoaderSession;
  readonly signature: Uint8Array;
  /** See VolumeChoice. */
  readonly doubts: readonly Hold[];
}

/** What probing a drive gives: what is on it, and which drive it is. */
export type ProbedDrive =
  | { readonly kind: 'ok'; readonly probe: DriveProbe; readonly fingerprint: string }
  | { readonly kind: 'hold'; readonly hold: Hold };

/** Makes the drive read-only (the launcher does, before anything else) and asks what is on it. */
export const probeDrive = async (
  launch: LaunchClient,
  drive: AttachedDrive,
  signal: AbortSignal,
): Promise<ProbedDrive> => {
  const held = await freeDrive(launch, drive, signal);
  if (held !== undefined) return { kind: 'hold', hold: held };
  const { kernelName, diskSequence } = drive;
  const reply = await launch.ask({ kind: 'probe', kernelName, diskSequence }, signal);
  if (reply.kind === 'probed') {
    return { kind: 'ok', probe: reply, fingerprint: driveFingerprint(drive, reply) };
  }
  const problem = reply.kind === 'launch-problem' ? reply.message : `unexpected answer ${reply.kind}`;
  const code = reply.kind === 'launch-problem' ? reply.code : 'ProbeFailed';
  return { kind: 'hold', hold: { code, details: { problem } } };
};

/** Looks at the root of every volume that matters, each in a loader of its own, and keeps the one to load. */
export const inspectDrive = async (
  launch: LaunchClient,
  { drive, probe }: { readonly drive: AttachedDrive; readonly probe: DriveProbe },
  signal: AbortSignal,
): Promise<({ readonly kind: 'ok' } & InspectedDrive) | { readonly kind: 'hold'; readonly hold: Hold }> => {
  const plan = planVolumes(probe);
  if (plan.kind === 'hold') return { kind: 'hold', hold: { code: plan.code, details: plan.details } };
  const volumes = [
    ...plan.volumes.map((volume) => ({ volume, isOptional: false })),
    ...plan.maybe.map((volume) => ({ volume, isOptional: true })),
  ];
  await using stack = new AsyncDisposableStack();
  const looked = [];
  for (const { volume, isOptional } of volumes) {
    const opened = await openLoaderSession(launch, loadRequest(drive, volume), signal);
    // An EFI system partition that this host cannot mount is no reason to hold a drive.
    if (opened.kind === 'hold' && isOptional) continue;
    if (opened.kind === 'hold') return opened;
    stack.use(opened.session);
    looked.push({ volume, isOptional, inspection: opened.session.inspection, session: opened.session });
  }
  const choice = judgeVolumes(looked);
  if (choice.kind === 'hold') return choice;
  const chosen = looked[choice.index]?.session;
  if (chosen === undefined) return { kind: 'hold', hold: hold('MissingSignature') };
  for (const { session } of looked) if (session !== chosen) await session[Symbol.asyncDispose]();
  stack.move();
  return { kind: 'ok', signature: choice.signature, doubts: choice.doubts, session: chosen };
};

const loadRequest = (
  { kernelName, diskSequence }: AttachedDrive,
  volume: Volume,
): Parameters<typeof openLoaderSession>[1] => ({
  kind: 'load',
  kernelName,
  diskSequence,
  partitionNumber: volume.partitionNumber,
  type: volume.type ?? '',
});
