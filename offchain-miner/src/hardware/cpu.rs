//! The processor and its memory.

use serde::Serialize;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// The processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cpu {
	/// Its maker's name for it.
	pub model: String,
	/// Cores, if the system says.
	pub cores: Option<usize>,
	/// Threads that this process may use at once.
	pub threads: usize,
	/// Those of its instruction sets that llama.cpp has fast code for.
	pub features: Vec<&'static str>,
}

/// Memory in bytes; where a control group has less, the group's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
	/// All.
	pub total: u64,
	/// What a new process could have without swapping.
	pub available: u64,
}

/// Asks the system.
pub fn probe() -> (Cpu, Memory) {
	let what = RefreshKind::new().with_cpu(CpuRefreshKind::new()).with_memory(MemoryRefreshKind::everything());
	let system = System::new_with_specifics(what);
	let model = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default();
	let cpu = Cpu {
		model,
		cores: system.physical_core_count(),
		threads: std::thread::available_parallelism().map_or(1, usize::from),
		features: features(),
	};
	let mut memory = Memory { total: system.total_memory(), available: system.available_memory() };
	if let Some(group) = system.cgroup_limits() {
		memory.total = memory.total.min(group.total_memory);
		memory.available = memory.available.min(group.free_memory);
	}
	(cpu, memory)
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
	macro_rules! found {
		($($name:tt),*) => {
			[$(($name, std::arch::is_x86_feature_detected!($name))),*]
		};
	}
	let all = found!("sse4.2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw", "avx512vnni", "avx512bf16");
	all.into_iter().filter_map(|(name, has)| has.then_some(name)).collect()
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<&'static str> {
	macro_rules! found {
		($($name:tt),*) => {
			[$(($name, std::arch::is_aarch64_feature_detected!($name))),*]
		};
	}
	let all = found!("neon", "fp16", "dotprod", "i8mm", "sve");
	all.into_iter().filter_map(|(name, has)| has.then_some(name)).collect()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<&'static str> {
	Vec::new()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn probe_should_find_a_processor_and_memory_when_it_asks_this_machine() {
		let (cpu, memory) = probe();
		assert!(cpu.threads > 0);
		assert!(memory.total > 0 && memory.available <= memory.total, "{memory:?}");
	}
}
