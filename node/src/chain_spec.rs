//! The chains that the node knows by name.

use millrace_runtime::{
	genesis::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET},
	DECIMALS, SS58_PREFIX, WASM_BINARY,
};
use sc_service::{ChainType, Properties};

/// A chain specification without extensions.
pub type ChainSpec = sc_service::GenericChainSpec;

/// One validator, Alice, whose keys everybody knows.
pub fn development() -> Result<ChainSpec, String> {
	named("Millrace Development", "millrace_dev", ChainType::Development, DEV_RUNTIME_PRESET)
}

/// Three validators, Alice, Bob and Charlie, whose keys everybody knows.
pub fn local() -> Result<ChainSpec, String> {
	named("Millrace Local Testnet", "millrace_local", ChainType::Local, LOCAL_TESTNET_RUNTIME_PRESET)
}

fn named(name: &str, id: &str, chain_type: ChainType, preset: &str) -> Result<ChainSpec, String> {
	let wasm = WASM_BINARY.ok_or("this node was built without the runtime's wasm; build it without SKIP_WASM_BUILD")?;
	Ok(ChainSpec::builder(wasm, None)
		.with_name(name)
		.with_id(id)
		.with_protocol_id("millrace")
		.with_chain_type(chain_type)
		.with_genesis_config_preset_name(preset)
		.with_properties(properties())
		.build())
}

/// What wallets show: the names that polkadot.js and its kin read.
fn properties() -> Properties {
	Properties::from_iter([
		("tokenSymbol".into(), "MILL".into()),
		("tokenDecimals".into(), DECIMALS.into()),
		("ss58Format".into(), SS58_PREFIX.into()),
	])
}
