// The store's double: the same contract, in memory. It passes the suite of test/contract/store.test.ts.

import assert from 'node:assert/strict';
import type { JobId } from '#job/job-id.ts';
import type { Account, Attachment, Job, JobChange, Load, Mail, OutboxEntry, Store } from '#store/contract.ts';

/** Makes an empty store that forgets everything with its process. */
export const createMemoryStore = (): Store => {
  const accounts = new Map<string, Account>();
  const jobs = new Map<JobId, { readonly job: Job; readonly history: readonly JobChange[] }>();
  const loads = new Map<JobId, Load>();
  const attachments = new Map<string, Attachment>();
  const outbox = new Map<string, OutboxEntry>();

  const queueMails = (mails: readonly Mail[]): void => {
    for (const mail of mails) {
      const isKnown = [...outbox.values()].some(
        ({ occasion, recipient }) => occasion === mail.occasion && recipient === mail.recipient,
      );
      if (!isKnown) outbox.set(mail.messageId, { ...mail, state: 'queued', attempts: 0, nextAt: mail.queuedAt });
    }
  };

  const accountOf = (email: string): Account => {
    const account = accounts.get(email);
    assert(account !== undefined, 'an account that is used is there');
    return account;
  };
  const jobOf = (jobId: JobId): { readonly job: Job; readonly history: readonly JobChange[] } => {
    const stored = jobs.get(jobId);
    assert(stored !== undefined, 'a job that is used is there');
    return stored;
  };
  return {
    addAccount: (account) => {
      assert(!accounts.has(account.email), 'an account that is added is new');
      const keyIds = new Set(account.keys.map(({ accessKeyId }) => accessKeyId));
      assert(keyIds.size === account.keys.length, 'each key of an account has an ID of its own');
      accounts.set(account.email, account);
    },
    account: (email) => accounts.get(email),
    accounts: () => [...accounts.values()].toSorted((a, b) => (a.email < b.email ? -1 : 1)),
    removeAccount: (email) => {
      assert(accounts.delete(email), 'an account that is removed is there');
    },
    addAccountKey: (email, key) => {
      const account = accountOf(email);
      const isKnown = account.keys.some(({ accessKeyId }) => accessKeyId === key.accessKeyId);
      const replaced = account.keys.map((one) => (one.accessKeyId === key.accessKeyId ? key : one));
      accounts.set(email, { ...account, keys: isKnown ? replaced : [...account.keys, key] });
    },
    removeAccountKey: (email, accessKeyId) => {
      const account = accountOf(email);
      const keys = account.keys.filter((key) => key.accessKeyId !== accessKeyId);
      assert(keys.length < account.keys.length, 'a key that is removed is there');
      accounts.set(email, { ...account, keys });
    },

    addJob: (job, change, mails = []) => {
      if (jobs.has(job.jobId)) return false;
      jobs.set(job.jobId, { job, history: [change] });
      queueMails(mails);
      return true;
    },
    job: (jobId) => jobs.get(jobId)?.job,
    jobs: () =>
      [...jobs.values()]
        .map(({ job }) => job)
        .toReversed()
        .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime()),
    jobHistory: (jobId) => jobs.get(jobId)?.history ?? [],
    changeJob: (jobId, change, mails = []) => {
      const { job, history } = jobOf(jobId);
      jobs.set(jobId, { job: { ...job, state: change.state }, history: [...history, change] });
      queueMails(mails);
    },
    updateJob: (jobId, update, change) => {
      const { job, history } = jobOf(jobId);
      const { manifest, signingKeyId } = job;
      const updated = { ...job, ...update, original: job.original ?? { manifest, signingKeyId } };
      jobs.set(jobId, { job: updated, history: [...history, change] });
      loads.delete(jobId);
    },
    holdJob: (jobId, hold, mails = []) => {
      const { job, history } = jobOf(jobId);
      const { hold: _former, ...rest } = job;
      jobs.set(jobId, { job: hold === undefined ? rest : { ...rest, hold }, history });
      queueMails(mails);
    },
    heldJobs: () =>
      [...jobs.values()]
        .map(({ job }) => job)
        .filter(({ hold }) => hold !== undefined)
        .toReversed()
        .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime()),
    jobCounts: () => {
      const counts: Record<string, number> = {};
      for (const { job } of jobs.values()) counts[job.state.job] = (counts[job.state.job] ?? 0) + 1;
      return counts;
    },
    jobsSince: (email, since) =>
      [...jobs.values()].filter(({ job }) => job.accountEmail === email && job.createdAt >= since).length,

    startLoad: (load) => {
      jobOf(load.jobId);
      assert(!loads.has(load.jobId), 'a job has at most one load');
      loads.set(load.jobId, load);
    },
    load: (jobId) => loads.get(jobId),
    loadsIn: (phase) => [...loads.values()].filter((load) => load.phase === phase),
    changeLoad: (jobId, change) => {
      const load = loads.get(jobId);
      assert(load !== undefined, 'a load that changes is there');
      loads.set(jobId, { ...load, ...change });
    },

    openAttachment: (attachment) => {
      const former = attachments.get(attachment.attachmentId);
      if (former === undefined) {
        attachments.set(attachment.attachmentId, attachment);
        return;
      }
      const { detachedAt: _former, ...rest } = former;
      attachments.set(attachment.attachmentId, { ...rest, bay: attachment.bay, driveName: attachment.driveName });
    },
    changeAttachment: (attachmentId, change) => {
      const attachment = attachments.get(attachmentId);
      assert(attachment !== undefined, 'an attachment that changes is there');
      attachments.set(attachmentId, { ...attachment, ...change });
    },
    attachment: (attachmentId) => attachments.get(attachmentId),
    openAttachments: () => [...attachments.values()].filter(({ detachedAt }) => detachedAt === undefined),

    queueMails,
    dueMails: ({ now, longestPauseMs, limit }) =>
      [...outbox.values()]
        .filter(({ state, nextAt }) => {
          const waitMs = nextAt.getTime() - now.getTime();
          return state === 'queued' && (waitMs <= 0 || waitMs > longestPauseMs);
        })
        .toSorted((a, b) => a.attempts - b.attempts)
        .slice(0, limit),
    recordMailAttempt: (messageId, attempt) => {
      const entry = outbox.get(messageId);
      assert(entry !== undefined, 'a message that was tried is there');
      const { answer: _answer, refusedSince: _since, endedAt: _endedAt, ...rest } = entry;
      const body = attempt.state === 'sent' ? { text: '', html: '' } : {};
      outbox.set(messageId, { ...rest, ...body, ...attempt, attempts: entry.attempts + 1 });
    },
    mailCounts: () => {
      const queued = [...outbox.values()].filter(({ state }) => state === 'queued');
      const givenUp = [...outbox.values()].filter(({ state }) => state === 'given-up').length;
      const oldest = queued.map(({ queuedAt }) => queuedAt).toSorted((a, b) => a.getTime() - b.getTime())[0];
      return { queued: queued.length, givenUp, ...(oldest === undefined ? {} : { oldestQueuedAt: oldest }) };
    },
    outbox: (jobId) => [...outbox.values()].filter((entry) => jobId === undefined || entry.jobId === jobId),

    [Symbol.dispose]: () => undefined,
  };
};
