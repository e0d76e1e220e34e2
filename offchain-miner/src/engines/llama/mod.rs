//! llama.cpp inside this process.
//!
//! Each file is loaded once. Each model has one thread per slot with a context of its own; the model is shared.

mod embed;
mod form;
mod prompt;
pub mod sampler;
#[cfg(test)]
mod tests;
mod worker;

use std::{
	fs::File,
	io,
	panic::{catch_unwind, AssertUnwindSafe},
	path::{Path, PathBuf},
	sync::{
		mpsc::{self, Sender},
		Arc, Mutex, OnceLock,
	},
	thread,
};

use async_trait::async_trait;
use llama_cpp_2::{
	llama_backend::LlamaBackend,
	model::{params::LlamaModelParams, LlamaModel},
	token_type::LlamaTokenAttr,
};
use millrace_primitives::{FailCode, H256};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
	sink::Sink,
	vocabulary::{Sort, Vocabulary},
	EmbedRequest, Engine, EngineError, Generation, LocalModel, Request,
};
use worker::Worker;

/// How to run llama.cpp.
#[derive(Clone, Debug)]
pub struct Options {
	/// GGUF files.
	pub models: Vec<PathBuf>,
	/// Inferences at a time, per model.
	pub slots: usize,
	/// Threads of one inference.
	pub threads: usize,
}

/// llama.cpp writes to the model while it makes a context.
static MAKING_CONTEXT: Mutex<()> = Mutex::new(());

/// What a worker is asked for.
enum Asked {
	Text(Request, Sink),
	Embedding(EmbedRequest),
}

/// A request on its way to a worker.
pub(crate) struct Job {
	asked: Asked,
	cancel: CancellationToken,
	reply: oneshot::Sender<Result<Generation, EngineError>>,
}

struct Loaded {
	local: LocalModel,
	jobs: Sender<Job>,
}

/// The embedded engine.
pub struct Llama {
	models: Vec<Loaded>,
}

impl Llama {
	/// Hashes and loads all files for the CPU, which can take minutes for large ones.
	pub fn load(options: &Options) -> Result<Self, EngineError> {
		Self::load_on(options, &[])
	}

	/// As [`Llama::load`], each model on the device of the same place in `devices`, by llama.cpp's number; `None`, and
	/// where there is no such place: on the CPU.
	pub fn load_on(options: &Options, devices: &[Option<usize>]) -> Result<Self, EngineError> {
		let mut models = Vec::new();
		for (place, path) in options.models.iter().enumerate() {
			let device = devices.get(place).copied().flatten();
			let digest = file_digest(path)
				.map_err(|error| EngineError::new(FailCode::ModelMissing, format!("{}: {error}", path.display())))?;
			let model = LlamaModel::load_from_file(backend()?, path, &params(device)?).map_err(|_| {
				EngineError::engine(format!("{}: not a GGUF file that llama.cpp can load", path.display()))
			})?;
			let model = Arc::new(model);
			let (jobs, queue) = mpsc::channel::<Job>();
			let queue = Arc::new(Mutex::new(queue));
			for slot in 0..options.slots.max(1) {
				let (model, queue, threads) = (model.clone(), queue.clone(), options.threads.max(1));
				thread::Builder::new()
					.name(format!("llama-{slot}"))
					.spawn(move || serve(&model, threads, &queue))
					.map_err(EngineError::engine)?;
			}
			models.push(Loaded { local: LocalModel { digest, name: path.display().to_string() }, jobs });
		}
		Ok(Self { models })
	}
}

impl Llama {
	/// Has a worker of the model with this digest do what is asked.
	async fn ask(&self, digest: H256, asked: Asked, cancel: CancellationToken) -> Result<Generation, EngineError> {
		let model = self.models.iter().find(|model| model.local.digest == digest).ok_or_else(|| {
			EngineError::new(FailCode::ModelMissing, format!("no model file with digest {}", hex::encode(digest)))
		})?;
		let (reply, result) = oneshot::channel();
		model.jobs.send(Job { asked, cancel, reply }).map_err(|_| EngineError::engine("the worker has ended"))?;
		result.await.map_err(|_| EngineError::engine("the worker has ended"))?
	}
}

/// More layers than any model has.
const ALL_LAYERS: u32 = 9_999;

/// All layers on one GPU, or none on any.
fn params(device: Option<usize>) -> Result<LlamaModelParams, EngineError> {
	let layers = if device.is_some() { ALL_LAYERS } else { 0 };
	let params = LlamaModelParams::default().with_n_gpu_layers(layers);
	params.with_devices(device.as_slice()).map_err(EngineError::engine)
}

/// A worker thread: one inference after the other.
fn serve(model: &LlamaModel, threads: usize, queue: &Mutex<mpsc::Receiver<Job>>) {
	let mut worker = Worker::new(model, threads);
	loop {
		// Held while waiting, so that one idle worker waits for the job and the others for the lock.
		let job = match queue.lock() {
			Ok(queue) => queue.recv(),
			Err(_) => return,
		};
		let Ok(Job { asked, cancel, reply }) = job else { return };
		let work = || match &asked {
			Asked::Text(request, sink) => worker.generate(request, sink, &cancel),
			Asked::Embedding(request) => worker.embed(request, &cancel),
		};
		let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
			// Whatever state the context was in, nothing of it is used again.
			worker = Worker::new(model, threads);
			Err(EngineError::engine("the inference panicked"))
		});
		// Nobody waits for a cancelled one.
		let _ = reply.send(result);
	}
}

#[async_trait]
impl Engine for Llama {
	fn kind(&self) -> &'static str {
		"llama"
	}

	async fn health(&self) -> Result<(), EngineError> {
		Ok(())
	}

	async fn models(&self) -> Result<Vec<LocalModel>, EngineError> {
		Ok(self.models.iter().map(|model| model.local.clone()).collect())
	}

	async fn generate(
		&self,
		request: Request,
		sink: Sink,
		cancel: CancellationToken,
	) -> Result<Generation, EngineError> {
		self.ask(request.digest, Asked::Text(request, sink), cancel).await
	}

	async fn embed(&self, request: EmbedRequest, cancel: CancellationToken) -> Result<Generation, EngineError> {
		self.ask(request.digest, Asked::Embedding(request), cancel).await
	}
}

/// llama.cpp's global state, which can be initialised once in a process.
pub(crate) fn backend() -> Result<&'static LlamaBackend, EngineError> {
	static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
	let made = BACKEND.get_or_init(|| {
		let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
		// Its hundreds of lines would drown the one line per step of a job.
		backend.void_logs();
		Ok(backend)
	});
	made.as_ref().map_err(EngineError::engine)
}

/// sha256 of a file.
pub fn file_digest(path: &Path) -> io::Result<H256> {
	let mut hasher = Sha256::new();
	io::copy(&mut File::open(path)?, &mut hasher)?;
	let digest: [u8; 32] = hasher.finalize().into();
	Ok(digest.into())
}

/// The vocabulary of a GGUF file, whose weights are not read.
pub fn vocabulary(path: &Path) -> Result<Vocabulary, EngineError> {
	let params = LlamaModelParams::default().with_vocab_only(true);
	let model = LlamaModel::load_from_file(backend()?, path, &params)
		.map_err(|_| EngineError::engine(format!("{}: not a GGUF file that llama.cpp can load", path.display())))?;
	let (vocab, mut vocabulary) = (model.vocab(), Vocabulary::default());
	for token in vocab.tokens() {
		let kinds = vocab.attr(token);
		let sort = if kinds.contains(LlamaTokenAttr::Control) {
			Sort::Control
		} else if kinds.contains(LlamaTokenAttr::UserDefined) {
			Sort::UserDefined
		} else if kinds.contains(LlamaTokenAttr::Byte) {
			Sort::Byte
		} else {
			Sort::Normal
		};
		let id = u32::try_from(token.0).map_err(EngineError::engine)?;
		vocabulary.add(id, vocab.token_to_piece(token, true, None), sort);
	}
	Ok(vocabulary)
}
