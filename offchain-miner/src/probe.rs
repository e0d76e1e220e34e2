//! `millrace-miner probe`: what this machine has.

use std::{
	fmt::Write,
	path::{Path, PathBuf},
	time::Duration,
};

use serde::Serialize;
use tokio::time::timeout;

use crate::{
	config::{Accel, Config, EngineConfig},
	disk::{self, Disk},
	engines::LocalModel,
	hardware::{
		cpu::{Cpu, Memory},
		gpu::{Build, Nvidia, Target},
		size,
	},
	plan::{Machine, Plan},
	start,
};

/// An engine that says nothing for so long is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that bears on what this machine can offer.
#[derive(Debug, Serialize)]
pub struct Probe {
	/// Of this program.
	pub version: &'static str,
	/// The processor.
	pub cpu: Cpu,
	/// Its memory.
	pub memory: Memory,
	/// The work directory's disk.
	pub disk: WorkDisk,
	/// What NVIDIA's driver says.
	pub nvidia: Nvidia,
	/// What the embedded llama.cpp can use.
	pub llama: Build,
	/// What `accel` means here.
	pub accel: Acceleration,
	/// The engines, in the configured order.
	pub engines: Vec<EngineReport>,
}

/// The work directory's disk.
#[derive(Debug, Serialize)]
pub struct WorkDisk {
	/// The work directory.
	pub path: PathBuf,
	/// Its disk, if the system says.
	#[serde(flatten)]
	pub disk: Option<Disk>,
}

/// What `accel` means here.
#[derive(Debug, Serialize)]
pub struct Acceleration {
	/// As configured.
	pub wanted: Accel,
	/// "cpu" or "gpu"; `None`: what was asked for is not here.
	pub chosen: Option<&'static str>,
	/// Why not something better.
	pub why: Option<String>,
}

/// An engine.
#[derive(Debug, Serialize)]
pub struct EngineReport {
	/// Its name in the configuration.
	pub kind: &'static str,
	/// Why it can't be used now.
	pub problem: Option<String>,
	/// Its models.
	pub models: Vec<ModelReport>,
}

/// A model that an engine has, or should have.
#[derive(Debug, Serialize)]
pub struct ModelReport {
	/// The engine's own name of it.
	pub name: String,
	/// sha256 of its GGUF file in hex.
	pub digest: Option<String>,
	/// Bytes of its file.
	pub bytes: Option<u64>,
	/// The GPU that it will run on, by llama.cpp's number.
	pub gpu: Option<usize>,
	/// Why it can't be offered.
	pub refusal: Option<String>,
	/// What the owner should know of a tight fit.
	pub warning: Option<String>,
}

impl Probe {
	/// Asks this machine and the engines. Reads all model files, which takes a while for large ones.
	pub async fn new(config: &Config) -> Self {
		let machine = Machine::probe();
		let plan = Plan::new(config, &machine);
		let mut engines = Vec::new();
		let mut planned = plan.models.iter();
		for engine in &config.engines {
			engines.push(match engine {
				EngineConfig::Llama { models, .. } => {
					let models = planned.by_ref().take(models.len()).map(embedded).collect();
					EngineReport { kind: "llama", problem: plan.target.as_ref().err().cloned(), models }
				}
				other => remote(other, &config.work_dir).await,
			});
		}
		let (chosen, why) = match &plan.target {
			Ok(Target::Cpu { why }) => (Some("cpu"), why.clone()),
			Ok(Target::Gpus(_)) => (Some("gpu"), None),
			Err(why) => (None, Some(why.clone())),
		};
		Self {
			version: env!("CARGO_PKG_VERSION"),
			cpu: machine.cpu,
			memory: machine.memory,
			disk: WorkDisk { path: config.work_dir.clone(), disk: disk::of(&config.work_dir).ok() },
			nvidia: machine.nvidia,
			llama: machine.build,
			accel: Acceleration { wanted: config.accel, chosen, why },
			engines,
		}
	}

	/// The models that can be run, with their digests.
	pub fn models(&self) -> Vec<(&str, &ModelReport)> {
		self.engines.iter().flat_map(|engine| engine.models.iter().map(|model| (engine.kind, model))).collect()
	}

	/// For people.
	pub fn text(&self) -> String {
		let mut out = String::new();
		let mut row = |name: &str, value: String| {
			// A String takes every write.
			let _ = writeln!(out, "{name:<8} {value}");
		};
		let cores = self.cpu.cores.map(|cores| format!("{cores} cores, ")).unwrap_or_default();
		row("cpu", format!("{}, {cores}{} threads", self.cpu.model, self.cpu.threads));
		row("", self.cpu.features.join(" "));
		row("memory", format!("{} available of {}", size(self.memory.available), size(self.memory.total)));
		let path = self.disk.path.display();
		row(
			"disk",
			match &self.disk.disk {
				Some(disk) => format!("{} free of {} at {path}", size(disk.free), size(disk.total)),
				None => format!("unknown at {path}"),
			},
		);
		let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".into());
		match (&self.nvidia.driver, &self.nvidia.note) {
			(None, Some(note)) => row("gpu", format!("none: {note}")),
			(_, note) => {
				row("gpu", format!("driver {}, CUDA {}", or(&self.nvidia.driver), or(&self.nvidia.cuda)));
				for gpu in &self.nvidia.gpus {
					let (used, total) = (size(gpu.memory_used), size(gpu.memory_total));
					row("", format!("{} {}: {used} used of {total}", gpu.index, gpu.name));
				}
				note.iter().for_each(|note| row("", note.clone()));
			}
		}
		let why = self.accel.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
		row("accel", format!("{}{why}", self.accel.chosen.unwrap_or("none")));
		for engine in &self.engines {
			row(
				"engine",
				match &engine.problem {
					Some(problem) => format!("{}: {problem}", engine.kind),
					None => engine.kind.to_owned(),
				},
			);
			for model in &engine.models {
				let bytes = model.bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
				let digest = model.digest.as_ref().map(|digest| format!(", sha256 {digest}")).unwrap_or_default();
				let gpu = model.gpu.map(|gpu| format!(", on GPU {gpu}")).unwrap_or_default();
				row("", format!("{}{bytes}{gpu}{digest}", model.name));
				model.refusal.iter().for_each(|why| row("", format!("refused: {why}")));
				model.warning.iter().for_each(|why| row("", format!("note: {why}")));
			}
		}
		if self.engines.is_empty() {
			row("engine", "none is configured".into());
		}
		out
	}
}

fn embedded(model: &crate::plan::Planned) -> ModelReport {
	let mut report = ModelReport {
		name: model.path.display().to_string(),
		digest: None,
		bytes: None,
		gpu: None,
		refusal: None,
		warning: None,
	};
	match &model.found {
		Ok((file, place)) => {
			match file.digest() {
				Ok(digest) => report.digest = Some(hex::encode(digest)),
				Err(error) => report.refusal = Some(error),
			}
			report.bytes = Some(file.bytes);
			report.gpu = place.gpu;
			report.refusal = report.refusal.or_else(|| place.refusal.clone());
			report.warning.clone_from(&place.warning);
		}
		Err(error) => report.refusal = Some(error.clone()),
	}
	report
}

/// An engine that is a server of its own: its machine's memory is its own affair.
async fn remote(config: &EngineConfig, work_dir: &Path) -> EngineReport {
	let mut report = EngineReport { kind: "", problem: None, models: Vec::new() };
	let engine = match start::server(config.clone(), work_dir).await {
		Ok(engine) => engine,
		Err(error) => {
			report.problem = Some(format!("{error:#}"));
			return report;
		}
	};
	report.kind = engine.kind();
	let asked = timeout(PATIENCE, async {
		engine.health().await?;
		engine.models().await
	});
	match asked.await {
		Ok(Ok(models)) => {
			let known = |LocalModel { digest, name }: LocalModel| ModelReport {
				name,
				digest: Some(hex::encode(digest)),
				bytes: None,
				gpu: None,
				refusal: None,
				warning: None,
			};
			report.models = models.into_iter().map(known).collect();
		}
		Ok(Err(error)) => report.problem = Some(error.message),
		Err(_) => report.problem = Some(format!("no answer within {} seconds", PATIENCE.as_secs())),
	}
	report
}

#[cfg(test)]
mod tests {
	use std::path::Path;

	use super::*;

	#[tokio::test]
	async fn probe_should_name_models_with_digests_and_engines_that_are_away_when_it_asks() {
		let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf");
		let engines = vec![
			EngineConfig::Llama { models: vec![tiny, "no/such.gguf".into()], threads: None },
			EngineConfig::ollama("http://127.0.0.1:1"),
		];
		let probe = Probe::new(&Config { engines, accel: Accel::Cpu, ..Config::default() }).await;
		let json = serde_json::to_value(&probe).unwrap();
		assert_eq!(json["accel"]["chosen"], "cpu");
		let digest = "0436419a87554aa9c54268a38e607d18ef688302b4f434a110f314f4af6d3294";
		assert_eq!(json["engines"][0]["models"][0]["digest"], digest);
		assert!(json["engines"][0]["models"][1]["refusal"].as_str().unwrap().contains("no/such.gguf"));
		assert!(json["engines"][1]["problem"].as_str().unwrap().contains("ollama serve"));
		assert!(json["disk"]["free"].as_u64().unwrap() > 0);
		assert!(json["memory"]["total"].as_u64().unwrap() > 0);
		let text = probe.text();
		assert!(text.contains(digest) && text.contains("accel    cpu"), "{text}");
	}
}
