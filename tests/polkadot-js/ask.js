// Submits a job, follows its events and reads the answer from storage: @polkadot/api only.
// Usage: node ask.js ws://127.0.0.1:9944 "What is 17 plus 25?"
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';

const [url, prompt] = process.argv.slice(2);
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
const client = new Keyring({ type: 'sr25519' }).addFromUri('//Charlie');

const money = async () => {
  const { data } = await api.query.system.account(client.address);
  return { free: data.free.toBigInt(), held: data.reserved.toBigInt() };
};

const before = await money();
const submit = api.tx.jobs.submit(
  0,
  `0x${Buffer.from(prompt).toString('hex')}`,
  { workload: 'Chat', maxTokens: 64, temperatureMilli: 0, topK: 0, topPMilli: 1000, timeout: 60, maxRate: null },
  100_000_000_000n,
  null,
);

const { job, txFee, deposit } = await new Promise((resolve, reject) => {
  submit.signAndSend(client, ({ status, events, dispatchError, isError }) => {
    if (dispatchError || isError) {
      reject(new Error(String(dispatchError ?? status)));
    } else if (status.isInBlock) {
      const of = (section, method) => events.find(({ event }) => event.section === section && event.method === method);
      const submitted = of('jobs', 'Submitted').event.data;
      resolve({
        job: submitted.job.toNumber(),
        deposit: submitted.deposit.toBigInt(),
        txFee: of('transactionPayment', 'TransactionFeePaid').event.data.actualFee.toBigInt(),
      });
    }
  }).catch(reject);
});

const settled = await new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`job ${job} was not settled within 120 s`)), 120_000);
  api.rpc.chain.subscribeNewHeads(async (head) => {
    const at = await api.at(head.hash);
    for (const { event } of await at.query.system.events()) {
      if (event.section === 'jobs' && event.data.job?.toNumber() === job) {
        if (['Failed', 'Expired', 'Cancelled'].includes(event.method)) {
          reject(new Error(`job ${job}: ${event.method}`));
        } else if (event.method === 'Settled') {
          clearTimeout(timer);
          resolve({ fee: event.data.fee.toBigInt(), refund: event.data.refund.toBigInt() });
        }
      }
    }
  }).catch(reject);
});

const output = (await api.query.jobs.outputs(job)).unwrap();
const receipt = (await api.query.receipts.receipts(job)).unwrap();
const after = await money();
const matches =
  after.free === before.free - txFee - settled.fee - deposit &&
  after.held === before.held + deposit &&
  receipt.fee.toBigInt() === settled.fee;

console.log(JSON.stringify({
  job,
  answer: output.toUtf8(),
  fee: settled.fee.toString(),
  outcome: receipt.outcome.toString(),
  matches,
}));
await api.disconnect();
