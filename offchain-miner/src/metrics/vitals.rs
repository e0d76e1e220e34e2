//! The state of chain, engines and GPUs.

use std::{
	collections::BTreeMap,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::Duration,
};

use futures::future::join_all;
use prometheus_client::{
	metrics::{counter::Counter, family::Family, gauge::Gauge},
	registry::Registry,
};
use serde::Serialize;
use tokio::time::timeout;

use super::work::{Pair, SLOT};
use crate::{
	chain::Chain,
	engines::Engine,
	hardware::sensors::{Reading, Sensors},
	runner::{SharedStatus, Status},
};

/// Pause between two looks.
const EVERY: Duration = Duration::from_secs(10);

/// Who says nothing for so long is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// An engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineVital {
	/// Its name in the configuration.
	pub kind: &'static str,
	/// Whether it can be used.
	pub up: bool,
}

/// What is looked at from time to time.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
	/// The engines, in the configured order.
	pub engines: Vec<EngineVital>,
	/// The GPUs that can be read.
	pub gpus: Vec<Reading>,
	/// Millijoules that the GPUs used since the start; `None`: no GPU tells.
	pub millijoules: Option<u64>,
	/// Whether the chain lists the miner as ready.
	pub ready: bool,
}

/// Looks after the vitals.
pub struct Vigil {
	chain: Arc<dyn Chain>,
	engines: Vec<Arc<dyn Engine>>,
	sensors: Option<Arc<dyn Sensors>>,
	status: SharedStatus,
	/// The last energy count of each GPU.
	counts: BTreeMap<usize, u64>,
	/// The sum of what they grew by.
	millijoules: u64,
}

impl Vigil {
	/// Has not looked yet.
	pub fn new(
		chain: Arc<dyn Chain>,
		engines: Vec<Arc<dyn Engine>>,
		sensors: Option<Arc<dyn Sensors>>,
		status: SharedStatus,
	) -> Self {
		Self { chain, engines, sensors, status, counts: BTreeMap::new(), millijoules: 0 }
	}

	/// Works for ever.
	pub async fn follow(mut self) {
		loop {
			self.look().await;
			tokio::time::sleep(EVERY).await;
		}
	}

	/// Looks once.
	pub async fn look(&mut self) {
		let engines = join_all(self.engines.iter().map(|engine| async {
			let up = matches!(timeout(PATIENCE, engine.health()).await, Ok(Ok(())));
			EngineVital { kind: engine.kind(), up }
		}));
		let (engines, registration) = tokio::join!(engines, timeout(PATIENCE, self.chain.registration()));
		let gpus = match self.sensors.clone() {
			// Readings that can't be had are as good as none.
			Some(sensors) => tokio::task::spawn_blocking(move || sensors.read()).await.unwrap_or_default(),
			None => Vec::new(),
		};
		self.count(&gpus);
		if let Ok(mut status) = self.status.lock() {
			let vitals = &mut status.vitals;
			vitals.millijoules = (!self.counts.is_empty()).then_some(self.millijoules);
			(vitals.engines, vitals.gpus) = (engines, gpus);
			// A node that is away says nothing about readiness.
			if let Ok(Ok(registration)) = registration {
				vitals.ready = registration.is_some_and(|registration| registration.ready);
			}
		}
	}

	fn count(&mut self, gpus: &[Reading]) {
		for (index, now) in gpus.iter().filter_map(|gpu| Some((gpu.gpu.index, gpu.millijoules?))) {
			// A driver that was loaded anew counts from 0, which adds nothing.
			let before = self.counts.insert(index, now).unwrap_or(now);
			self.millijoules = self.millijoules.saturating_add(now.saturating_sub(before));
		}
	}
}

type Float = Gauge<f64, AtomicU64>;
type Whole = Gauge<u64, AtomicU64>;
type One = [(&'static str, String); 1];

/// Values that are set from the [`Status`] when somebody asks for them.
pub(super) struct Gauges {
	slots_used: Whole,
	queued: Whole,
	submitting: Whole,
	draining: Whole,
	ready: Whole,
	best: Whole,
	chain_lag: Float,
	block_age: Float,
	engine_up: Family<Pair, Whole>,
	gpu: Option<Gpus>,
}

struct Gpus {
	info: Family<Pair, Whole>,
	memory: Family<One, Whole>,
	used: Family<One, Whole>,
	celsius: Family<One, Whole>,
	energy: Family<One, Counter<f64, AtomicU64>>,
	per_kilojoule: Float,
}

impl Gauges {
	pub(super) fn register(registry: &mut Registry, slots: usize, gpus: bool) -> Self {
		let mut whole = |name: &str, help: &str| {
			let gauge = Whole::default();
			registry.register(name, help, gauge.clone());
			gauge
		};
		whole("slots", "Inferences that may run at a time").set(count(slots));
		let slots_used = whole("slots_used", "Inferences that run");
		let queued = whole("queued", "Attempts that wait for a slot");
		let submitting = whole("submitting", "Answers and failures that are not yet in a block");
		let draining = whole("draining", "1 while the miner is about to stop");
		let ready = whole("ready", "1 while the chain lists the miner as ready for jobs");
		let best = whole("best_block", "Height of the best block that was read");
		let mut float = |name: &str, help: &str| {
			let gauge = Float::default();
			registry.register(name, help, gauge.clone());
			gauge
		};
		float("slot_seconds", "Length of the chain's slot").set(SLOT.as_secs_f64());
		let chain_lag = float("chain_lag_seconds", "Time since the chain was read");
		let block_age = float("best_block_age_seconds", "Time since the best block changed");
		let engine_up = Family::<Pair, Whole>::default();
		registry.register("engine_up", "1 while the engine can be used", engine_up.clone());
		let gpu = gpus.then(|| Gpus::register(registry));
		Self { slots_used, queued, submitting, draining, ready, best, chain_lag, block_age, engine_up, gpu }
	}

	pub(super) fn set(&self, status: &Status, read: Duration, block: Duration, output_tokens: u64) {
		self.slots_used.set(count(status.counts.running));
		self.queued.set(count(status.counts.queued));
		self.submitting.set(count(status.counts.submitting));
		self.draining.set(status.draining.into());
		self.ready.set(status.vitals.ready.into());
		self.best.set(status.best.unwrap_or_default().into());
		self.chain_lag.set(read.as_secs_f64());
		self.block_age.set(block.as_secs_f64());
		for (number, engine) in status.vitals.engines.iter().enumerate() {
			let labels = [("engine", engine.kind.to_owned()), ("number", number.to_string())];
			self.engine_up.get_or_create(&labels).set(engine.up.into());
		}
		if let Some(gpu) = &self.gpu {
			gpu.set(&status.vitals, output_tokens);
		}
	}
}

impl Gpus {
	fn register(registry: &mut Registry) -> Self {
		let gpus = Self {
			info: Family::default(),
			memory: Family::default(),
			used: Family::default(),
			celsius: Family::default(),
			energy: Family::default(),
			per_kilojoule: Float::default(),
		};
		registry.register("gpu_info", "1 for each GPU that can be read, with its name", gpus.info.clone());
		registry.register("gpu_memory_bytes", "Memory of the GPU", gpus.memory.clone());
		registry.register("gpu_memory_used_bytes", "Memory of the GPU in use, by whatever program", gpus.used.clone());
		registry.register("gpu_temperature_celsius", "Temperature of the GPU", gpus.celsius.clone());
		registry.register(
			"gpu_energy_joules",
			"Energy that the GPU used since its driver was loaded",
			gpus.energy.clone(),
		);
		registry.register(
			"output_tokens_per_kilojoule",
			"Tokens of answers for each kilojoule of all GPUs since the start, idle time included; 0 until both are known",
			gpus.per_kilojoule.clone(),
		);
		gpus
	}

	fn set(&self, vitals: &Vitals, output_tokens: u64) {
		// What a GPU said that is away now is no news.
		self.info.clear();
		self.memory.clear();
		self.used.clear();
		self.celsius.clear();
		self.energy.clear();
		for reading in &vitals.gpus {
			let label = [("gpu", reading.gpu.index.to_string())];
			let info = [("gpu", reading.gpu.index.to_string()), ("name", reading.gpu.name.clone())];
			self.info.get_or_create(&info).set(1);
			self.memory.get_or_create(&label).set(reading.gpu.memory_total);
			self.used.get_or_create(&label).set(reading.gpu.memory_used);
			if let Some(celsius) = reading.celsius {
				self.celsius.get_or_create(&label).set(celsius.into());
			}
			if let Some(millijoules) = reading.millijoules {
				let joules = millijoules as f64 / 1e3;
				self.energy.get_or_create(&label).inner().store(joules.to_bits(), Ordering::Relaxed);
			}
		}
		if let Some(millijoules) = vitals.millijoules.filter(|millijoules| *millijoules > 0) {
			self.per_kilojoule.set(output_tokens as f64 / (millijoules as f64 / 1e6));
		}
	}
}

fn count(number: usize) -> u64 {
	u64::try_from(number).unwrap_or(u64::MAX)
}
