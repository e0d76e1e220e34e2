//! What GPUs say while the miner works.

use nvml_wrapper::{enum_wrappers::device::TemperatureSensor, Nvml};
use serde::Serialize;

use super::gpu::{self, Gpu};

/// A GPU at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
	/// Which one, and its memory.
	#[serde(flatten)]
	pub gpu: Gpu,
	/// Its temperature in degrees Celsius.
	pub celsius: Option<u32>,
	/// Millijoules that it used since the driver was loaded.
	pub millijoules: Option<u64>,
}

/// Reads GPUs.
pub trait Sensors: Send + Sync {
	/// Those that can be read now. May block for some milliseconds.
	fn read(&self) -> Vec<Reading>;
}

/// NVIDIA's driver.
pub struct Driver(Nvml);

impl Driver {
	/// `None`: there is no driver, or it lists no GPU.
	pub fn open() -> Option<Self> {
		let nvml = gpu::open().ok()?;
		(nvml.device_count().ok()? > 0).then_some(Self(nvml))
	}
}

impl Sensors for Driver {
	fn read(&self) -> Vec<Reading> {
		let count = self.0.device_count().unwrap_or_default();
		let read = |number| {
			let device = self.0.device_by_index(number).ok()?;
			Some(Reading {
				gpu: gpu::gpu(&self.0, number).ok()?,
				celsius: device.temperature(TemperatureSensor::Gpu).ok(),
				millijoules: device.total_energy_consumption().ok(),
			})
		};
		(0..count).filter_map(read).collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn driver_should_be_there_only_when_it_lists_gpus() {
		let listed = gpu::nvidia().gpus.len();
		let readings = Driver::open().map(|driver| driver.read());
		assert_eq!(readings.as_ref().map_or(0, Vec::len), listed);
		for reading in readings.into_iter().flatten() {
			assert!(
				reading.gpu.memory_total > 0 && reading.celsius.is_some_and(|celsius| celsius < 120),
				"{reading:?}"
			);
		}
	}
}
