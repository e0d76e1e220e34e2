// View functions for @polkadot/api, which does not know them: looked up by name in metadata V16, called through the
// runtime API that all of them share.
import { Metadata, TypeRegistry } from '@polkadot/types';

const METADATA_VERSION = 16;

/** A function (pallet, name, ...args) that calls a view function at the best block and returns the decoded result. */
export async function viewFunctions(api) {
  const bytes = (await api.call.metadata.metadataAtVersion(METADATA_VERSION)).unwrap();
  // A registry of its own: the API's holds an older version of the metadata, without the types of view functions.
  const registry = new TypeRegistry();
  const metadata = new Metadata(registry, bytes.toHex());
  registry.setMetadata(metadata);

  return async (pallet, name, ...args) => {
    const view = metadata.asV16.pallets
      .find((found) => found.name.eq(pallet))
      ?.viewFunctions.find((found) => found.name.eq(name));
    if (!view) {
      throw new Error(`the runtime has no view function ${pallet}.${name}`);
    }
    const create = (type, value) => registry.createType(registry.createLookupType(type), value);
    const input = view.inputs.map(({ type }, index) => Buffer.from(create(type, args[index]).toU8a()).toString('hex')).join('');
    const id = view.id.toHex();
    const called = await api.call.runtimeViewFunction.executeViewFunction(
      { prefix: id.slice(0, 34), suffix: `0x${id.slice(34)}` },
      // Hex, because bytes would be read as bytes with their length before them.
      `0x${input}`,
    );
    if (called.isErr) {
      throw new Error(`${pallet}.${name}: ${called.asErr}`);
    }
    return create(view.output, called.asOk.toU8a(true));
  };
}
