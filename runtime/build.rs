//! Builds the runtime's wasm next to the native library.

fn main() {
	#[cfg(feature = "std")]
	substrate_wasm_builder::WasmBuilder::init_with_defaults().build();
}
