// Asks what a job would cost, submits it, follows its state and reads answer and receipt: polkadot-api (PAPI) alone.
// Usage: npm ci && node ask.js ws://127.0.0.1:9944 "What is 17 plus 25?"
import { sr25519CreateDerive } from '@polkadot-labs/hdkd';
import { DEV_MINI_SECRET } from '@polkadot-labs/hdkd-helpers';
import { AccountId, Enum } from 'polkadot-api';
import { getPolkadotSigner } from 'polkadot-api/signer';
import { createWsClient } from 'polkadot-api/ws';
import { WebSocket } from 'ws';

const [url = 'ws://127.0.0.1:9944', prompt = 'What is 17 plus 25?'] = process.argv.slice(2);
// Node.js has a WebSocket of its own from version 22 on.
const client = createWsClient(url, { websocketClass: WebSocket });
// Untyped, so that no code has to be generated. `npx papi add millrace -w URL` generates the types for
// `client.getTypedApi(millrace)`, which has the same calls.
const api = client.getUnsafeApi();
const { publicKey, sign } = sr25519CreateDerive(DEV_MINI_SECRET)('//Charlie');
const signer = getPolkadotSigner(publicKey, 'Sr25519', sign);
const charlie = AccountId().dec(publicKey);
// Without it PAPI reads the last finalized block.
const best = { at: 'best' };

const model = 0;
const input = new TextEncoder().encode(prompt);
const params = {
  workload: Enum('Chat', { max_tokens: 64, temperature_milli: 0, top_k: 0, top_p_milli: 1000 }), timeout: 60,
  max_rate: undefined,
};

const quote = await api.view.Jobs.quote(model, params, input.length, best);
const { items: [bid] } = await api.view.Miners.bids(model, params, input.length, undefined, best);

const submit = api.tx.Jobs.submit({ model, input, params, max_fee: 100_000_000_000n, miner: undefined });
const { job, deposit } = await new Promise((resolve, reject) => {
  submit.signSubmitAndWatch(signer).subscribe({
    next: (seen) => {
      if (seen.type === 'txBestBlocksState' && seen.found) {
        const submitted = seen.events.find(({ type, value }) => type === 'Jobs' && value.type === 'Submitted');
        seen.ok ? resolve(submitted.value.value) : reject(new Error(JSON.stringify(seen.dispatchError)));
      }
    },
    error: reject,
  });
});

const outcome = await new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(`job ${job} did not end within 120 s`)), 120_000);
  const watch = api.query.Jobs.Jobs.watchValue(job, best).subscribe({
    next: ({ value: found }) => {
      if (found?.state.type === 'Ended') {
        clearTimeout(timer);
        watch.unsubscribe();
        resolve(found.state.value.type);
      }
    },
    error: reject,
  });
});

const text = (bytes) => new TextDecoder().decode(bytes);
const output = await api.query.Jobs.Outputs.getValue(job, best);
const receipt = await api.query.Receipts.Receipts.getValue(job, best);
const seen = await api.view.Jobs.job(job, best);
const held = await api.view.Escrow.account(charlie, undefined, best);
const receipts = await api.view.Receipts.receipts_of(charlie, undefined, best);

console.log(JSON.stringify({
  job: Number(job),
  answer: text(output),
  fee: String(receipt.fee),
  outcome,
  typical: String(quote.value.prices.typical),
  score: String(bid.score.score),
  matches:
    quote.success &&
    quote.value.deposit === deposit &&
    text(seen.output) === text(output) &&
    held.rows.items.some(([id, row]) => id === job && row.deposit === deposit && row.settled) &&
    receipts.items.some((found) => found.job === job && found.fee === receipt.fee),
}));
client.destroy();
