//! The runtimes between which a chain is upgraded.

use serde_json::Value;

use crate::repository;

/// The development chain's specification with the first runtime, as it was released.
pub fn first_chain_spec() -> String {
	let spec = std::fs::read(repository("tests/fixtures/chain-spec-v1.json")).unwrap();
	let mut spec: Value = serde_json::from_slice(&spec).unwrap();
	let wasm = std::fs::read(repository("tests/fixtures/millrace-runtime-v1.compact.compressed.wasm")).unwrap();
	spec["genesis"]["runtimeGenesis"]["code"] = format!("0x{}", hex::encode(wasm)).into();
	spec.to_string()
}

/// The wasm of the runtime that the node was built with.
pub fn current_runtime() -> Vec<u8> {
	let spec = crate::node::development_spec(&[]);
	let code = spec["genesis"]["runtimeGenesis"]["code"].as_str().expect("the specification has the code");
	hex::decode(code.trim_start_matches("0x")).unwrap()
}
