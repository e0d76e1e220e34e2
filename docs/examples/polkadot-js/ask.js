// Asks what a job would cost, submits it, follows its events and reads answer and receipt: @polkadot/api alone.
// Usage: npm ci && node ask.js ws://127.0.0.1:9944 "What is 17 plus 25?"
import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { viewFunctions } from './views.js';

const [url = 'ws://127.0.0.1:9944', prompt = 'What is 17 plus 25?'] = process.argv.slice(2);
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
const client = new Keyring({ type: 'sr25519' }).addFromUri('//Charlie');
const view = await viewFunctions(api);

const money = async () => {
  const { data } = await api.query.system.account(client.address);
  return { free: data.free.toBigInt(), held: data.reserved.toBigInt() };
};

const model = 0;
const input = Buffer.from(prompt);
const params = {
  workload: { Chat: { maxTokens: 64, temperatureMilli: 0, topK: 0, topPMilli: 1000 } }, timeout: 60, maxRate: null,
};
const maxFee = 100_000_000_000n;

// Fields of view functions have the names of the metadata, in snake_case.
const viewParams = {
  workload: { Chat: { max_tokens: 64, temperature_milli: 0, top_k: 0, top_p_milli: 1000 } }, timeout: 60, max_rate: null,
};
const quote = (await view('Jobs', 'quote', model, viewParams, input.length)).asOk;
const [bid] = (await view('Miners', 'bids', model, viewParams, input.length, null)).items;

const before = await money();
const submit = api.tx.jobs.submit(model, `0x${input.toString('hex')}`, params, maxFee, null);
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
const seen = (await view('Jobs', 'job', job)).unwrap();
const held = await view('Escrow', 'account', client.address, null);
const receipts = await view('Receipts', 'receipts_of', client.address, null);
const matches =
  after.free === before.free - txFee - settled.fee - deposit &&
  after.held === before.held + deposit &&
  receipt.fee.toBigInt() === settled.fee &&
  quote.deposit.toBigInt() === deposit &&
  held.held.toBigInt() === after.held &&
  seen.output.unwrap().toUtf8() === output.toUtf8() &&
  receipts.items.some((found) => found.job.toNumber() === job && found.fee.toBigInt() === settled.fee);

console.log(JSON.stringify({
  job,
  answer: output.toUtf8(),
  fee: settled.fee.toString(),
  outcome: receipt.outcome.toString(),
  typical: quote.prices.unwrap().typical.toString(),
  score: bid.score.score.toString(),
  matches,
}));
await api.disconnect();
