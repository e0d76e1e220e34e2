//! Whether the models fit the memory that is there, with a context for each slot.

use super::{
	cpu::Memory,
	gpu::{Gpu, Target},
	model_file::ModelFile,
	size,
};

/// A slot's context grows with the largest request. Room for one of this many tokens is what a slot must have: most
/// requests are smaller.
const USUAL_CONTEXT: u32 = 4_096;

/// What a model needs, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
	/// Its file.
	pub name: String,
	/// The weights.
	pub weights: u64,
	/// All slots' contexts, of the usual length.
	pub usual: u64,
	/// All slots' contexts, of the model's whole length.
	pub whole: u64,
}

impl Need {
	/// Of a file, for this many slots.
	pub fn of(file: &ModelFile, slots: usize) -> Self {
		let slots = u64::try_from(slots).unwrap_or(u64::MAX);
		let contexts = |tokens: u32| file.bytes_per_token.saturating_mul(tokens.into()).saturating_mul(slots);
		Self {
			name: file.path.display().to_string(),
			weights: file.bytes,
			usual: contexts(file.context_length.min(USUAL_CONTEXT)),
			whole: contexts(file.context_length),
		}
	}

	fn least(&self) -> u64 {
		self.weights.saturating_add(self.usual)
	}

	fn most(&self) -> u64 {
		self.weights.saturating_add(self.whole)
	}
}

/// Where a model goes, or why it can't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
	/// The GPU's index; `None`: the CPU.
	pub gpu: Option<usize>,
	/// Why it does not fit.
	pub refusal: Option<String>,
	/// What the owner should know of a tight fit.
	pub warning: Option<String>,
}

/// Places models, in their order: on the CPU's memory, or each on the GPU with the least used memory that has room.
pub fn place(needs: &[Need], target: &Target, memory: Memory) -> Vec<Place> {
	let (mut pools, on_gpu) = match target {
		Target::Cpu { .. } => {
			let cpu = Gpu { index: 0, name: "this machine".into(), memory_total: memory.available, memory_used: 0 };
			(vec![cpu], false)
		}
		Target::Gpus(gpus) => (gpus.clone(), true),
	};
	needs.iter().map(|need| put(need, &mut pools, on_gpu)).collect()
}

fn put(need: &Need, pools: &mut [Gpu], on_gpu: bool) -> Place {
	let roomiest = pools.iter().map(Gpu::free).max().unwrap_or_default();
	let fitting = pools.iter_mut().filter(|pool| pool.free() >= need.least());
	let Some(pool) = fitting.min_by_key(|pool| pool.memory_used) else {
		return Place { gpu: None, refusal: Some(refusal(need, roomiest, on_gpu)), warning: None };
	};
	let warning = (pool.free() < need.most()).then(|| {
		format!(
			"{}: requests of the model's whole context need {}, {} has {} free; longer ones will fail as OutOfMemory",
			need.name,
			size(need.most()),
			pool.name,
			size(pool.free()),
		)
	});
	pool.memory_used = pool.memory_used.saturating_add(need.least());
	Place { gpu: on_gpu.then_some(pool.index), refusal: None, warning }
}

fn refusal(need: &Need, free: u64, on_gpu: bool) -> String {
	let memory = if on_gpu { "no GPU has more than" } else { "this machine has" };
	let (name, weights, free_size) = (&need.name, size(need.weights), size(free));
	if need.weights > free {
		return format!(
			"{name}: its weights need {weights}, {memory} {free_size} free; take a smaller or more quantised model, or \
			 free memory"
		);
	}
	format!(
		"{name}: the slots' contexts need {} beside {weights} of weights, {memory} {free_size} free; lower slots, or \
		 take a smaller model",
		size(need.usual)
	)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::hardware::gpu::tests::gpu;

	fn need(weights: u64, usual: u64) -> Need {
		Need { name: "m.gguf".into(), weights, usual, whole: usual }
	}

	fn memory(available: u64) -> Memory {
		Memory { total: available, available }
	}

	const CPU: Target = Target::Cpu { why: None };

	#[test]
	fn contexts_should_grow_with_the_slots_when_a_need_is_made() {
		let file = ModelFile { path: "m".into(), bytes: 100, context_length: 8_192, bytes_per_token: 2 };
		let found = Need::of(&file, 3);
		assert_eq!((found.weights, found.usual, found.whole), (100, 3 * 2 * 4_096, 3 * 2 * 8_192));
	}

	#[test]
	fn model_should_be_refused_with_the_reason_when_its_file_is_larger_than_free_memory() {
		let places = place(&[need(101, 0)], &CPU, memory(100));
		assert!(places[0].refusal.as_ref().unwrap().contains("weights need 101 B"), "{places:?}");
		assert_eq!(place(&[need(100, 0)], &CPU, memory(100))[0].refusal, None);
	}

	#[test]
	fn model_should_be_refused_with_the_reason_when_memory_does_not_allow_its_slots() {
		let places = place(&[need(50, 51)], &CPU, memory(100));
		assert!(places[0].refusal.as_ref().unwrap().contains("lower slots"), "{places:?}");
	}

	#[test]
	fn models_should_share_the_memory_when_there_are_several() {
		let places = place(&[need(60, 0), need(60, 0)], &CPU, memory(100));
		assert_eq!((places[0].refusal.is_some(), places[1].refusal.is_some()), (false, true));
	}

	#[test]
	fn model_should_go_to_the_gpu_with_the_least_used_memory_when_there_are_several() {
		let target = Target::Gpus(vec![gpu(0, 100, 30), gpu(1, 100, 10), gpu(4, 100, 20)]);
		let places = place(&[need(15, 0), need(15, 0), need(15, 0)], &target, memory(0));
		let gpus: Vec<_> = places.iter().map(|place| place.gpu).collect();
		assert_eq!(gpus, [Some(1), Some(4), Some(1)]);
	}

	#[test]
	fn model_should_go_to_a_fuller_gpu_when_only_that_has_room() {
		let target = Target::Gpus(vec![gpu(0, 50, 0), gpu(1, 200, 40)]);
		assert_eq!(place(&[need(60, 20)], &target, memory(0))[0].gpu, Some(1));
		assert!(place(&[need(161, 0)], &target, memory(u64::MAX))[0].refusal.is_some());
	}

	#[test]
	fn owner_should_be_warned_when_the_whole_context_has_no_room() {
		let tight = Need { whole: 100, ..need(50, 10) };
		let place = &place(&[tight], &CPU, memory(100))[0];
		assert!(place.refusal.is_none() && place.warning.as_ref().unwrap().contains("OutOfMemory"));
	}
}
