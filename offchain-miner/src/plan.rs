//! Before anything is loaded: what the llama engine computes on, and whether its models fit there.

use std::path::PathBuf;

use crate::{
	config::{Config, EngineConfig},
	hardware::{
		cpu::{self, Cpu, Memory},
		fit::{self, Need, Place},
		gpu::{self, Build, Nvidia, Target},
		model_file::ModelFile,
	},
};

/// This machine, as far as it bears on what runs where.
pub struct Machine {
	/// The processor.
	pub cpu: Cpu,
	/// Its memory.
	pub memory: Memory,
	/// What NVIDIA's driver says.
	pub nvidia: Nvidia,
	/// What the embedded llama.cpp can use.
	pub build: Build,
}

impl Machine {
	/// Asks it.
	pub fn probe() -> Self {
		let (cpu, memory) = cpu::probe();
		Self { cpu, memory, nvidia: gpu::nvidia(), build: gpu::build() }
	}
}

/// A model of the llama engine.
#[derive(Clone, Debug)]
pub struct Planned {
	/// Its file as it was configured.
	pub path: PathBuf,
	/// Its file and its place, or why it can't be used.
	pub found: Result<(ModelFile, Place), String>,
}

/// What runs where.
#[derive(Clone, Debug)]
pub struct Plan {
	/// What the llama engine computes on, or why it can't.
	pub target: Result<Target, String>,
	/// All models of all llama engines, in the configured order.
	pub models: Vec<Planned>,
}

impl Plan {
	/// For this configuration on this machine.
	pub fn new(config: &Config, machine: &Machine) -> Self {
		let target = gpu::target(config.accel, &machine.build, &machine.nvidia);
		let paths = config.engines.iter().filter_map(|engine| match engine {
			EngineConfig::Llama { models, .. } => Some(models),
			_ => None,
		});
		let opened: Vec<_> = paths.flatten().map(|path| (path.clone(), ModelFile::open(path))).collect();
		let needs: Vec<_> =
			opened.iter().filter_map(|(_, file)| Some(Need::of(file.as_ref().ok()?, config.inferences()))).collect();
		// Without a target nothing runs; the CPU's places still tell the rest.
		let on = target.clone().unwrap_or(Target::Cpu { why: None });
		let mut places = fit::place(&needs, &on, machine.memory).into_iter();
		let models = opened.into_iter().map(|(path, file)| {
			let found = file.and_then(|file| Ok((file, places.next().ok_or("no place was sought")?)));
			Planned { path, found }
		});
		Self { target, models: models.collect() }
	}

	/// Everything that keeps the llama engine from its work.
	pub fn obstacles(&self) -> Vec<String> {
		let mut all = Vec::new();
		if self.models.is_empty() {
			return all;
		}
		all.extend(self.target.as_ref().err().cloned());
		for model in &self.models {
			match &model.found {
				Ok((_, place)) => all.extend(place.refusal.clone()),
				Err(error) => all.push(error.clone()),
			}
		}
		all
	}

	/// What the owner should know although it keeps nothing from working.
	pub fn warnings(&self) -> Vec<String> {
		if self.models.is_empty() {
			return Vec::new();
		}
		let fallback = match &self.target {
			Ok(Target::Cpu { why }) => why.as_ref().map(|why| format!("the llama engine runs on the CPU: {why}")),
			_ => None,
		};
		let tight = self.models.iter().filter_map(|model| model.found.as_ref().ok()?.1.warning.clone());
		fallback.into_iter().chain(tight).collect()
	}

	/// llama.cpp's number of the device of each model, in the configured order.
	pub fn devices(&self) -> Vec<Option<usize>> {
		self.models.iter().map(|model| model.found.as_ref().ok().and_then(|(_, place)| place.gpu)).collect()
	}
}

#[cfg(test)]
mod tests {
	use std::path::Path;

	use super::*;
	use crate::config::Accel;

	fn machine(available: u64) -> Machine {
		let cpu = Cpu { model: String::new(), cores: None, threads: 1, features: Vec::new() };
		let memory = Memory { total: available, available };
		Machine { cpu, memory, nvidia: Nvidia::default(), build: Build::default() }
	}

	fn config() -> Config {
		let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf");
		let engines = vec![EngineConfig::Llama { models: vec![tiny], threads: None }];
		Config { engines, accel: Accel::Cpu, ..Config::default() }
	}

	#[test]
	fn plan_should_have_no_obstacle_when_the_model_fits() {
		let plan = Plan::new(&config(), &machine(1 << 30));
		assert_eq!((plan.obstacles(), plan.warnings(), plan.devices()), (vec![], vec![], vec![None]));
	}

	#[test]
	fn plan_should_refuse_with_the_reason_when_slots_are_above_what_memory_allows() {
		// The file has 453,824 bytes, a slot's context 512 tokens of 256 bytes.
		let memory = 453_824 + 2 * 512 * 256;
		let mut config = config();
		config.slots = 2.try_into().unwrap();
		assert_eq!(Plan::new(&config, &machine(memory)).obstacles(), Vec::<String>::new());
		config.slots = 3.try_into().unwrap();
		let obstacles = Plan::new(&config, &machine(memory)).obstacles();
		assert!(matches!(&obstacles[..], [why] if why.contains("lower slots")), "{obstacles:?}");
	}

	#[test]
	fn plan_should_refuse_when_a_gpu_is_asked_for_that_the_build_can_not_use() {
		let config = Config { accel: Accel::Gpu, ..config() };
		let obstacles = Plan::new(&config, &machine(1 << 30)).obstacles();
		assert!(matches!(&obstacles[..], [why] if why.contains("--features cuda")), "{obstacles:?}");
	}

	#[test]
	fn plan_should_name_the_file_when_it_is_missing() {
		let engines = vec![EngineConfig::Llama { models: vec!["no/such.gguf".into()], threads: None }];
		let obstacles = Plan::new(&Config { engines, ..config() }, &machine(1 << 30)).obstacles();
		assert!(matches!(&obstacles[..], [why] if why.contains("no/such.gguf")), "{obstacles:?}");
	}
}
