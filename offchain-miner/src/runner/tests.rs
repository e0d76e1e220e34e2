//! The runner with a chain and an engine that the test holds in its hands.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use millrace_client::receipt::json::ReceiptSigner;
use millrace_primitives::{Balance, BlockNumber, FailCode, JobId, ModelId, Usage, Workload, H256};
use tokio::time::sleep;

use super::*;
use crate::{
	chain::{ChainError, ModelInfo, ReceiptFile, Registration},
	core::{
		fixtures::{assignment, TestSigner},
		Answer, Assignment, Ticket,
	},
	engines::{sink::Sink, EngineError, Generation, LocalModel, Request},
	metrics::Format,
};

const GENESIS: H256 = H256::repeat_byte(1);

/// What the chain pays for an answer; more than a float can hold exactly.
const FEE: Balance = 9_007_199_254_740_993;

/// A chain of one operator.
#[derive(Default)]
struct FakeChain {
	best: AtomicUsize,
	assignments: Mutex<Vec<Assignment>>,
	answers: Mutex<Vec<(Ticket, Answer)>>,
	fails: Mutex<Vec<(Ticket, FailCode)>>,
	/// Answers are seen and then lost.
	deaf: AtomicBool,
	/// Another chain took the node's address.
	replaced: AtomicBool,
}

impl FakeChain {
	fn with_jobs(jobs: &[u64]) -> Arc<Self> {
		let chain = Self::default();
		*chain.assignments.lock().unwrap() = jobs.iter().map(|job| assignment(*job)).collect();
		chain.best.store(10, Ordering::SeqCst);
		Arc::new(chain)
	}

	async fn close(&self, ticket: Ticket) -> Result<BlockNumber, ChainError> {
		if self.deaf.load(Ordering::SeqCst) {
			std::future::pending::<()>().await;
		}
		self.assignments.lock().unwrap().retain(|assignment| assignment.ticket != ticket);
		Ok(self.number())
	}

	fn number(&self) -> BlockNumber {
		self.best.load(Ordering::SeqCst) as BlockNumber
	}
}

#[async_trait]
impl Chain for FakeChain {
	fn genesis(&self) -> H256 {
		GENESIS
	}
	async fn current_genesis(&self) -> Result<H256, ChainError> {
		Ok(if self.replaced.load(Ordering::SeqCst) { H256::zero() } else { GENESIS })
	}
	async fn blocks(&self) -> Result<BoxStream<'static, Result<(), ChainError>>, ChainError> {
		let ticks = futures::stream::unfold((), |()| async {
			sleep(Duration::from_millis(5)).await;
			Some((Ok(()), ()))
		});
		Ok(Box::pin(ticks))
	}
	async fn assignments(&self) -> Result<(BlockNumber, Vec<Assignment>), ChainError> {
		Ok((self.number(), self.assignments.lock().unwrap().clone()))
	}
	async fn finalized(&self) -> Result<BlockNumber, ChainError> {
		Ok(self.number())
	}
	async fn input(&self, job: JobId) -> Result<Option<Vec<u8>>, ChainError> {
		Ok(Some(job.to_le_bytes().to_vec()))
	}
	async fn model(&self, _: ModelId) -> Result<Option<ModelInfo>, ChainError> {
		Ok(Some(ModelInfo { digest: H256::repeat_byte(7), context_length: 512, template_tokens: 16 }))
	}
	async fn complete(&self, ticket: Ticket, answer: &Answer) -> Result<BlockNumber, ChainError> {
		self.answers.lock().unwrap().push((ticket, answer.clone()));
		self.close(ticket).await
	}
	async fn fail(&self, ticket: Ticket, code: FailCode) -> Result<BlockNumber, ChainError> {
		self.fails.lock().unwrap().push((ticket, code));
		self.close(ticket).await
	}
	async fn paid(&self, ticket: Ticket) -> Result<Option<Balance>, ChainError> {
		let answered = self.answers.lock().unwrap().iter().any(|(answered, _)| *answered == ticket);
		Ok(answered.then_some(FEE))
	}
	async fn receipt_file(&self, _: JobId) -> Result<ReceiptFile, ChainError> {
		Ok(ReceiptFile::Later("no file here".into()))
	}
	async fn sign_receipt(&self, _: &[u8], _: &ReceiptSigner) -> Result<ReceiptFile, ChainError> {
		Ok(ReceiptFile::Later("no file here".into()))
	}
	async fn registration(&self) -> Result<Option<Registration>, ChainError> {
		Ok(None)
	}
	async fn set_ready(&self, _: bool) -> Result<(), ChainError> {
		Ok(())
	}
}

/// Counts its inferences; each has another answer.
#[derive(Default)]
struct FakeEngine {
	runs: AtomicUsize,
	error: Option<FailCode>,
	/// So many fail and then no more.
	flaky: Option<usize>,
	stuck: bool,
}

impl FakeEngine {
	fn failing(code: FailCode) -> Arc<Self> {
		Arc::new(Self { error: Some(code), ..Self::default() })
	}

	fn runs(&self) -> usize {
		self.runs.load(Ordering::SeqCst)
	}
}

#[async_trait]
impl Engine for FakeEngine {
	fn kind(&self) -> &'static str {
		"fake"
	}
	async fn health(&self) -> Result<(), EngineError> {
		Ok(())
	}
	async fn models(&self) -> Result<Vec<LocalModel>, EngineError> {
		Ok(Vec::new())
	}
	async fn generate(&self, _: Request, _: Sink, _: CancellationToken) -> Result<Generation, EngineError> {
		let run = self.runs.fetch_add(1, Ordering::SeqCst);
		if self.stuck {
			std::future::pending::<()>().await;
		}
		if let Some(code) = self.error.filter(|_| self.flaky.is_none_or(|most| run < most)) {
			return Err(EngineError::new(code, "as told"));
		}
		let usage = Usage { input_tokens: 8, output_tokens: 1, gpu_ms: 1 };
		Ok(Generation { output: format!("answer {run}").into_bytes(), transcript: Vec::new(), usage, times: None })
	}
}

struct Miner {
	stop: CancellationToken,
	task: tokio::task::JoinHandle<anyhow::Result<()>>,
	metrics: Arc<Metrics>,
}

fn start(directory: &std::path::Path, chain: &Arc<FakeChain>, engines: Vec<Arc<dyn Engine>>, drain_ms: u64) -> Miner {
	let status = SharedStatus::default();
	let metrics = Arc::new(Metrics::new(status.clone(), 1, false));
	let journal = Journal::open(directory, GENESIS, 60).unwrap();
	let core = Core::new(GENESIS, 1, Box::new(TestSigner));
	let drain = Duration::from_millis(drain_ms);
	let settings = Settings { drain, ..Settings::from(&crate::config::Config::default()) };
	let (_, settings) = watch_value::channel(settings);
	let runner = Runner::new(core, journal, chain.clone(), engines, status, metrics.clone(), settings);
	let stop = CancellationToken::new();
	Miner { task: tokio::spawn(runner.run(stop.clone())), stop, metrics }
}

async fn until(mut done: impl FnMut() -> bool) {
	for _ in 0..1_000 {
		if done() {
			return;
		}
		sleep(Duration::from_millis(5)).await;
	}
	panic!("it never happened");
}

#[tokio::test]
async fn each_job_should_get_one_answer_when_all_goes_well() {
	let dir = tempfile::tempdir().unwrap();
	let chain = FakeChain::with_jobs(&[1, 2, 3]);
	let engine = Arc::new(FakeEngine::default());
	let miner = start(dir.path(), &chain, vec![engine.clone()], 100);
	until(|| chain.assignments.lock().unwrap().is_empty()).await;
	miner.stop.cancel();
	miner.task.await.unwrap().unwrap();
	assert_eq!(chain.answers.lock().unwrap().len(), 3);
	assert_eq!(engine.runs(), 3);
}

#[tokio::test]
async fn pay_should_be_counted_to_the_planck_when_jobs_are_final() {
	let dir = tempfile::tempdir().unwrap();
	let chain = FakeChain::with_jobs(&[1, 2]);
	let miner = start(dir.path(), &chain, vec![Arc::new(FakeEngine::default())], 100);
	let counted = |line: String| miner.metrics.text(Format::Text).unwrap().lines().any(|found| found == line);
	until(|| counted("millrace_miner_jobs_total{outcome=\"paid\",code=\"none\"} 2".into())).await;
	assert!(counted(format!("millrace_miner_earnings_plancks_total {}", 2 * FEE)));
	assert!(counted("millrace_miner_input_tokens_total 16".into()));
	assert!(counted("millrace_miner_output_tokens_total 2".into()));
	assert!(counted("millrace_miner_dead_time_seconds_count 2".into()));
}

#[tokio::test]
async fn failure_should_be_counted_with_its_code_when_it_is_final() {
	let dir = tempfile::tempdir().unwrap();
	let chain = FakeChain::with_jobs(&[1]);
	let miner = start(dir.path(), &chain, vec![FakeEngine::failing(FailCode::BadInput)], 100);
	let line = "millrace_miner_jobs_total{outcome=\"failed\",code=\"BadInput\"} 1";
	until(|| miner.metrics.text(Format::Text).unwrap().lines().any(|found| found == line)).await;
	assert!(miner.metrics.text(Format::Text).unwrap().contains("millrace_miner_earnings_plancks_total 0\n"));
}

#[tokio::test]
async fn same_answer_should_be_sent_when_the_miner_dies_before_its_block() {
	let dir = tempfile::tempdir().unwrap();
	let chain = FakeChain::with_jobs(&[1]);
	chain.deaf.store(true, Ordering::SeqCst);
	let engine = Arc::new(FakeEngine::default());
	for life in 1..=3 {
		let miner = start(dir.path(), &chain, vec![engine.clone()], 100);
		until(|| chain.answers.lock().unwrap().len() == life).await;
		miner.task.abort();
		assert!(miner.task.await.unwrap_err().is_cancelled());
		// The journal's writes run on threads that an abort does not stop.
		sleep(Duration::from_millis(100)).await;
	}
	let answers = chain.answers.lock().unwrap();
	assert!(answers.iter().all(|answer| *answer == answers[0]));
	assert_eq!(engine.runs(), 1);
}

#[tokio::test]
async fn same_answer_should_be_sent_when_a_final_attempt_comes_back() {
	let dir = tempfile::tempdir().unwrap();
	let chain = FakeChain::with_jobs(&[1]);
	let engine = Arc::new(FakeEngine::default());
	let miner = start(dir.path(), &chain, vec![engine.clone()], 100);
	// Paid is what the journal holds for over.
	until(|| miner.metrics.text(Format::Text).unwrap().contains("outcome=\"paid\",code=\"none\"} 1\n")).await;
	chain.assignments.lock().unwrap().push(assignment(1));
	until(|| chain.answers.lock().unwrap().len() == 2).await;
	miner.stop.cancel();
	miner.task.await.unwrap().unwrap();
	let answers = chain.answers.lock().unwrap();
	assert_eq!(answers[0], answers[1]);
	assert_eq!(engine.runs(), 1);
}

/// Lets a miner with these engines do what there is to do for one job.
async fn one_job(chain: &Arc<FakeChain>, engines: Vec<Arc<dyn Engine>>) {
	let dir = tempfile::tempdir().unwrap();
	let miner = start(dir.path(), chain, engines, 100);
	until(|| chain.assignments.lock().unwrap().is_empty()).await;
	miner.stop.cancel();
	miner.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn next_engine_should_be_asked_when_the_first_fails() {
	for code in [FailCode::ModelMissing, FailCode::Timeout, FailCode::OutOfMemory, FailCode::EngineError] {
		let chain = FakeChain::with_jobs(&[1]);
		let first = FakeEngine::failing(code);
		one_job(&chain, vec![first.clone(), Arc::new(FakeEngine::default())]).await;
		assert_eq!((chain.answers.lock().unwrap().len(), chain.fails.lock().unwrap().len()), (1, 0), "{code:?}");
		assert_eq!(first.runs(), 1);
	}
}

#[tokio::test]
async fn no_other_engine_should_be_asked_when_the_client_is_at_fault() {
	for code in [FailCode::BadInput, FailCode::ContextTooLong, FailCode::EmptyOutput] {
		let chain = FakeChain::with_jobs(&[1]);
		let (first, second) = (FakeEngine::failing(code), Arc::new(FakeEngine::default()));
		one_job(&chain, vec![first.clone(), second.clone()]).await;
		assert_eq!(*chain.fails.lock().unwrap(), vec![(assignment(1).ticket, code)]);
		assert_eq!((first.runs(), second.runs()), (1, 0), "{code:?}");
	}
}

#[tokio::test]
async fn inference_should_be_tried_again_when_the_engine_recovers() {
	let chain = FakeChain::with_jobs(&[1]);
	let engine = FakeEngine { error: Some(FailCode::EngineError), flaky: Some(2), ..FakeEngine::default() };
	let engine = Arc::new(engine);
	one_job(&chain, vec![engine.clone()]).await;
	assert_eq!((chain.answers.lock().unwrap().len(), chain.fails.lock().unwrap().len()), (1, 0));
	assert_eq!(engine.runs(), 3);
}

#[tokio::test]
async fn code_should_reach_the_chain_when_all_tries_fail() {
	let chain = FakeChain::with_jobs(&[1]);
	let (first, second) = (FakeEngine::failing(FailCode::ModelMissing), FakeEngine::failing(FailCode::OutOfMemory));
	one_job(&chain, vec![first.clone(), second.clone()]).await;
	assert_eq!(*chain.fails.lock().unwrap(), vec![(assignment(1).ticket, FailCode::OutOfMemory)]);
	assert_eq!((first.runs(), second.runs()), (4, 4));
	assert!(chain.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn inference_should_not_be_tried_again_when_the_deadline_is_near() {
	let chain = FakeChain::with_jobs(&[1]);
	// In this block it is assigned, so that the first try is made whatever the deadline.
	chain.assignments.lock().unwrap()[0].deadline = 12;
	let engine = FakeEngine::failing(FailCode::EngineError);
	one_job(&chain, vec![engine.clone()]).await;
	assert_eq!(engine.runs(), 1);
	assert_eq!(*chain.fails.lock().unwrap(), vec![(assignment(1).ticket, FailCode::EngineError)]);
}

#[tokio::test]
async fn job_should_fail_with_its_code_when_no_engine_is_for_its_work() {
	let (task, bench) =
		(Workload::Task { max_output_bytes: 9, max_seconds: 9 }, Workload::Bench { size: 64, rounds: 1 });
	for (workload, code) in [
		(task, FailCode::Denied),
		// The model of this chain stands for other rules.
		(bench, FailCode::ModelMissing),
		(Workload::Embed, FailCode::ModelMissing),
	] {
		let chain = FakeChain::with_jobs(&[1]);
		chain.assignments.lock().unwrap()[0].params.workload = workload;
		let engine = Arc::new(FakeEngine::default());
		one_job(&chain, vec![engine.clone()]).await;
		assert_eq!(*chain.fails.lock().unwrap(), vec![(assignment(1).ticket, code)], "{workload:?}");
		assert_eq!(engine.runs(), 0);
	}
}

#[tokio::test]
async fn running_job_should_fail_as_drain_when_it_outlasts_the_stop() {
	let dir = tempfile::tempdir().unwrap();
	let chain = FakeChain::with_jobs(&[1, 2]);
	let engine = Arc::new(FakeEngine { stuck: true, ..FakeEngine::default() });
	let miner = start(dir.path(), &chain, vec![engine.clone()], 50);
	until(|| engine.runs() == 1).await;
	miner.stop.cancel();
	miner.task.await.unwrap().unwrap();
	let drained = [2, 1].map(|job| (assignment(job).ticket, FailCode::Drain));
	assert_eq!(*chain.fails.lock().unwrap(), drained);
}

#[tokio::test]
async fn miner_should_stop_when_another_chain_takes_the_address() {
	let dir = tempfile::tempdir().unwrap();
	let chain = FakeChain::with_jobs(&[]);
	chain.replaced.store(true, Ordering::SeqCst);
	let miner = start(dir.path(), &chain, Vec::new(), 50);
	let error = miner.task.await.unwrap().unwrap_err();
	assert!(error.to_string().contains("another chain"), "{error}");
}
