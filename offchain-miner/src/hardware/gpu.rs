//! GPUs: which there are, and whether and where the llama engine runs on them.

use llama_cpp_2::{list_llama_ggml_backend_devices, LlamaBackendDeviceType};
use nvml_wrapper::{cuda_driver_version_major, cuda_driver_version_minor, error::NvmlError, Nvml};
use serde::Serialize;

use crate::{config::Accel, engines::llama};

/// NVIDIA's library under the name that a driver without development files installs, and under its plain name.
const LIBRARIES: [&str; 2] = ["libnvidia-ml.so.1", "libnvidia-ml.so"];

/// What to do to get a build that can use GPUs.
const BUILD: &str = "build with `cargo build --release -p millrace-miner --features cuda`, which needs CUDA's nvcc";

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gpu {
	/// Its number: in NVIDIA's order for what the driver lists, in llama.cpp's for what the engine lists.
	pub index: usize,
	/// Its maker's name for it.
	pub name: String,
	/// Bytes of its memory.
	pub memory_total: u64,
	/// Bytes of it in use.
	pub memory_used: u64,
}

impl Gpu {
	/// Bytes that are free.
	pub fn free(&self) -> u64 {
		self.memory_total.saturating_sub(self.memory_used)
	}
}

/// What NVIDIA's driver says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Nvidia {
	/// The driver's version.
	pub driver: Option<String>,
	/// The newest CUDA that the driver serves.
	pub cuda: Option<String>,
	/// The GPUs.
	pub gpus: Vec<Gpu>,
	/// Why there are none, or not all.
	pub note: Option<String>,
}

/// Asks NVIDIA's driver. A machine without one is a machine without these GPUs.
pub fn nvidia() -> Nvidia {
	match open() {
		Ok(nvml) => listed(&nvml),
		Err(note) => Nvidia { note: Some(note), ..Nvidia::default() },
	}
}

/// NVIDIA's driver, or why there is none.
pub(super) fn open() -> Result<Nvml, String> {
	let mut first = None;
	for library in LIBRARIES {
		match Nvml::builder().lib_path(library.as_ref()).init() {
			Ok(nvml) => return Ok(nvml),
			// A library that is there and fails says more than a name that is not there.
			Err(NvmlError::LibloadingError(_)) => {}
			Err(error) => {
				first.get_or_insert(format!("NVIDIA's library is here, but fails: {error}"));
			}
		}
	}
	Err(first.unwrap_or_else(|| "no NVIDIA driver (libnvidia-ml.so.1 is not here)".into()))
}

/// The driver's GPU number `number`.
pub(super) fn gpu(nvml: &Nvml, number: u32) -> Result<Gpu, NvmlError> {
	let device = nvml.device_by_index(number)?;
	let memory = device.memory_info()?;
	Ok(Gpu {
		index: usize::try_from(number).unwrap_or(usize::MAX),
		name: device.name()?,
		memory_total: memory.total,
		memory_used: memory.total.saturating_sub(memory.free),
	})
}

fn listed(nvml: &Nvml) -> Nvidia {
	let cuda = nvml.sys_cuda_driver_version().ok();
	let cuda =
		cuda.map(|version| format!("{}.{}", cuda_driver_version_major(version), cuda_driver_version_minor(version)));
	let mut found = Nvidia { driver: nvml.sys_driver_version().ok(), cuda, ..Nvidia::default() };
	let count = match nvml.device_count() {
		Ok(count) => count,
		Err(error) => {
			found.note = Some(format!("the driver does not list its GPUs: {error}"));
			return found;
		}
	};
	for number in 0..count {
		match gpu(nvml, number) {
			Ok(gpu) => found.gpus.push(gpu),
			Err(error) => found.note = Some(format!("GPU {number} can't be read: {error}")),
		}
	}
	if count == 0 {
		found.note = Some("the driver has no GPU".into());
	}
	found
}

/// What the embedded llama.cpp can compute on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Build {
	/// Whether it was built for GPUs at all.
	pub offload: bool,
	/// The GPUs that it sees.
	pub gpus: Vec<Gpu>,
}

/// Asks the embedded llama.cpp.
pub fn build() -> Build {
	let offload = llama::backend().is_ok_and(|backend| backend.supports_gpu_offload());
	if !offload {
		return Build::default();
	}
	let is_gpu = |kind| matches!(kind, LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu);
	let bytes = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
	let gpus = list_llama_ggml_backend_devices().into_iter().filter(|device| is_gpu(device.device_type));
	let gpus = gpus.map(|device| Gpu {
		index: device.index,
		name: device.description,
		memory_total: bytes(device.memory_total),
		memory_used: bytes(device.memory_total.saturating_sub(device.memory_free)),
	});
	Build { offload, gpus: gpus.collect() }
}

/// What the llama engine computes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
	/// The CPU.
	Cpu {
		/// Why not a GPU, where the owner left it open.
		why: Option<String>,
	},
	/// These GPUs.
	Gpus(Vec<Gpu>),
}

/// What `accel` means on this machine.
///
/// # Errors
///
/// Why there is no GPU where one was asked for, and what to do.
pub fn target(accel: Accel, build: &Build, nvidia: &Nvidia) -> Result<Target, String> {
	let obstacle = if !build.offload {
		match nvidia.gpus.first() {
			Some(gpu) => format!("this build of millrace-miner can't use the {} that is here; {BUILD}", gpu.name),
			None => format!("this build of millrace-miner is for the CPU; {BUILD}"),
		}
	} else if build.gpus.is_empty() {
		let note = nvidia.note.as_deref().unwrap_or("the driver lists GPUs, but CUDA does not start");
		format!("no GPU that llama.cpp can use: {note}; install NVIDIA's driver and look at `nvidia-smi`")
	} else {
		String::new()
	};
	match (accel, obstacle.is_empty()) {
		(Accel::Cpu, _) => Ok(Target::Cpu { why: None }),
		(_, true) => Ok(Target::Gpus(build.gpus.clone())),
		(Accel::Auto, false) => Ok(Target::Cpu { why: Some(obstacle) }),
		(Accel::Gpu, false) => Err(format!("accel = \"gpu\", but {obstacle}; or set accel = \"cpu\"")),
	}
}

#[cfg(test)]
pub(crate) mod tests {
	use super::*;

	pub(crate) fn gpu(index: usize, total: u64, used: u64) -> Gpu {
		Gpu { index, name: format!("GPU {index}"), memory_total: total, memory_used: used }
	}

	fn without_driver() -> Nvidia {
		Nvidia { note: Some("no NVIDIA driver".into()), ..Nvidia::default() }
	}

	#[test]
	fn auto_should_fall_back_to_the_cpu_and_say_why_when_there_is_no_gpu() {
		let build = Build { offload: true, gpus: Vec::new() };
		let Ok(Target::Cpu { why: Some(why) }) = target(Accel::Auto, &build, &without_driver()) else { panic!() };
		assert!(why.contains("no NVIDIA driver"), "{why}");
	}

	#[test]
	fn auto_should_name_the_idle_gpu_when_the_build_can_not_use_it() {
		let nvidia = Nvidia { gpus: vec![gpu(0, 10, 0)], ..Nvidia::default() };
		let Ok(Target::Cpu { why: Some(why) }) = target(Accel::Auto, &Build::default(), &nvidia) else { panic!() };
		assert!(why.contains("GPU 0") && why.contains("--features cuda"), "{why}");
	}

	#[test]
	fn gpu_should_be_an_error_that_says_what_to_do_when_there_is_none() {
		let error = target(Accel::Gpu, &Build::default(), &without_driver()).unwrap_err();
		assert!(error.contains("--features cuda") && error.contains("accel = \"cpu\""), "{error}");
		let error = target(Accel::Gpu, &Build { offload: true, gpus: Vec::new() }, &without_driver()).unwrap_err();
		assert!(error.contains("install NVIDIA's driver"), "{error}");
	}

	#[test]
	fn cpu_should_be_used_when_it_is_asked_for_beside_a_gpu() {
		let build = Build { offload: true, gpus: vec![gpu(0, 10, 0)] };
		assert_eq!(target(Accel::Cpu, &build, &Nvidia::default()), Ok(Target::Cpu { why: None }));
		assert_eq!(target(Accel::Auto, &build, &Nvidia::default()), Ok(Target::Gpus(build.gpus.clone())));
		assert_eq!(target(Accel::Gpu, &build, &Nvidia::default()), Ok(Target::Gpus(build.gpus.clone())));
	}

	#[test]
	fn nvidia_should_say_so_when_there_is_no_driver() {
		let found = nvidia();
		assert!(found.driver.is_some() || found.note.is_some(), "{found:?}");
	}
}
