// Signs a submission without a connection, for tools that only send bytes; prints the extrinsic in hex.
// Usage: node sign.js PROMPT NONCE GENESIS_HASH SPEC_VERSION TX_VERSION < METADATA_HEX
import { readFileSync } from 'node:fs';
import { Keyring } from '@polkadot/api';
import { expandMetadata, Metadata, TypeRegistry } from '@polkadot/types';
import { cryptoWaitReady } from '@polkadot/util-crypto';

const [prompt, nonce, genesisHash, specVersion, transactionVersion] = process.argv.slice(2);
await cryptoWaitReady();
const registry = new TypeRegistry();
const metadata = new Metadata(registry, readFileSync(0, 'utf8').trim());
registry.setMetadata(metadata);
const client = new Keyring({ type: 'sr25519' }).addFromUri('//Charlie');

const { tx } = expandMetadata(registry, metadata);
const call = tx.jobs.submit(
  0,
  `0x${Buffer.from(prompt).toString('hex')}`,
  { workload: { Chat: { maxTokens: 64, temperatureMilli: 0, topK: 0, topPMilli: 1000 } }, timeout: 60, maxRate: null },
  100_000_000_000n,
  null,
);
const extrinsic = registry.createType('Extrinsic', call);
extrinsic.sign(client, {
  // Immortal, so that no recent block has to be named.
  era: '0x00',
  blockHash: genesisHash,
  genesisHash,
  nonce,
  runtimeVersion: { specVersion, transactionVersion },
  signedExtensions: registry.signedExtensions,
});
console.log(extrinsic.toHex());
