use std::{
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc,
	},
	time::{Duration, Instant},
};

use async_trait::async_trait;
use millrace_client::session::wire::{RefusalCode, ToClient};
use millrace_primitives::{FailCode, RunningTotal, Usage};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
	core::{
		fixtures::{answer, assignment, generated},
		Action, Event, Row, RowState, Step,
	},
	engines::{sink::Sink, Engine, EngineError, Generation, LocalModel, Request},
	hardware::{
		gpu::tests::gpu,
		sensors::{Reading, Sensors},
	},
	receipts::tests::Files,
};

/// Uses 1 kJ between two readings.
#[derive(Default)]
struct Heater(AtomicU64);

impl Sensors for Heater {
	fn read(&self) -> Vec<Reading> {
		let before = self.0.fetch_add(1_000_000, Ordering::SeqCst);
		vec![Reading { gpu: gpu(0, 80 << 30, 1 << 30), celsius: Some(61), millijoules: Some(5_000_000 + before) }]
	}
}

/// An engine that is there or not.
struct Lamp {
	on: bool,
}

#[async_trait]
impl Engine for Lamp {
	fn kind(&self) -> &'static str {
		"lamp"
	}
	async fn health(&self) -> Result<(), EngineError> {
		self.on.then_some(()).ok_or_else(|| EngineError::engine("off"))
	}
	async fn models(&self) -> Result<Vec<LocalModel>, EngineError> {
		Ok(Vec::new())
	}
	async fn generate(&self, _: Request, _: Sink, _: CancellationToken) -> Result<Generation, EngineError> {
		Err(EngineError::engine("off"))
	}
}

fn metrics() -> Arc<Metrics> {
	Arc::new(Metrics::new(SharedStatus::default(), 2, false))
}

fn has(metrics: &Metrics, line: &str) -> bool {
	metrics.text(Format::Text).unwrap().lines().any(|found| found == format!("{PREFIX}_{line}"))
}

fn log(job: u64, step: Step) -> Action {
	Action::Log { ticket: assignment(job).ticket, step, detail: String::new() }
}

fn submit(job: u64) -> Action {
	Action::SubmitProof { ticket: assignment(job).ticket, answer: Arc::new(answer(job)) }
}

fn secs(metrics: &Metrics, histogram: &str) -> f64 {
	let text = metrics.text(Format::Text).unwrap();
	let name = format!("{PREFIX}_{histogram}_sum ");
	text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
}

#[test]
fn dead_time_should_leave_out_the_inference_and_the_wait_for_a_slot() {
	let metrics = metrics();
	let mut track = Track::new(metrics.clone());
	let ticket = assignment(1).ticket;
	let begin = Instant::now();
	let at = |millis| begin + Duration::from_millis(millis);
	track.actions(&[log(1, Step::Assigned)], at(0));
	track.actions(&[Action::Start { run: 0, assignment: assignment(1) }], at(5_000));
	// The engine took 20 ms.
	track.event(&Event::EngineFinished { ticket, run: 0, generated: generated("42") }, at(5_100));
	track.actions(&[log(1, Step::Finished), submit(1)], at(5_100));
	track.event(&Event::TxIncluded { ticket, number: 12 }, at(6_020));
	// The same proof in another fork's block.
	track.event(&Event::TxIncluded { ticket, number: 12 }, at(9_000));
	assert!((secs(&metrics, "dead_time_seconds") - 1.0).abs() < 1e-9);
	assert!((secs(&metrics, "queue_wait_seconds") - 5.0).abs() < 1e-9);
	assert!(has(&metrics, "dead_time_seconds_count 1"));
}

#[test]
fn attempts_should_be_counted_once_when_they_are_over() {
	let metrics = metrics();
	let mut track = Track::new(metrics.clone());
	let now = Instant::now();
	let [one, two, three] = [1, 2, 3].map(|job| assignment(job).ticket);
	for job in 1..=3 {
		track.actions(&[log(job, Step::Assigned)], now);
	}
	let drain = Action::SubmitFail { ticket: two, code: FailCode::Drain };
	track.actions(&[submit(1), drain.clone(), log(3, Step::Gone)], now);
	track.actions(&[submit(1), Action::Forget(three)], now);
	let over = track.actions(&[Action::Forget(one), Action::Forget(two), Action::Forget(one)], now);
	assert_eq!(over, [one]);
	assert!(has(&metrics, "jobs_total{outcome=\"failed\",code=\"Drain\"} 1"));
	assert!(has(&metrics, "jobs_total{outcome=\"gone\",code=\"none\"} 1"));
	assert!(has(&metrics, "resubmissions_total 1"));
}

#[test]
fn answer_of_a_former_life_should_be_looked_up_when_it_is_over() {
	let metrics = metrics();
	let mut track = Track::new(metrics.clone());
	let (now, ticket) = (Instant::now(), assignment(1).ticket);
	let row = Row { assignment: assignment(1), state: RowState::Submitted(Arc::new(answer(1))) };
	track.recover(&[row], now);
	track.actions(&[submit(1)], now);
	track.event(&Event::TxIncluded { ticket, number: 12 }, now);
	assert_eq!(track.actions(&[Action::Forget(ticket)], now), [ticket]);
	assert!(has(&metrics, "dead_time_seconds_count 0"));
	assert!(has(&metrics, "resubmissions_total 1"));
}

#[test]
fn earnings_should_stay_exact_when_a_float_could_not_hold_them() {
	let metrics = metrics();
	metrics.work().earned(9_007_199_254_740_992);
	metrics.work().earned(1);
	assert!(has(&metrics, "earnings_plancks_total 9007199254740993"));
	metrics.work().earned(u128::MAX);
	assert!(has(&metrics, &format!("earnings_plancks_total {}", u64::MAX)));
}

#[test]
fn sessions_should_be_counted_by_what_came_of_them() {
	let metrics = metrics();
	let sessions = metrics.sessions().clone();
	let total = |output_tokens, fee| RunningTotal { answers: 1, input_tokens: 5, output_tokens, gpu_ms: 9, fee };
	sessions.paid(&RunningTotal::default(), &total(32, 700));
	sessions.paid(&total(32, 700), &total(40, 900));
	sessions.answered(Streamed::Stopped);
	sessions.late();
	sessions.said(&ToClient::Refused { code: RefusalCode::NoSlot, message: "later".into() });
	let open = sessions.open();
	for line in [
		"session_answers_total{outcome=\"stopped\"} 1",
		"session_answers_total{outcome=\"whole\"} 0",
		"session_input_tokens_total 5",
		"session_output_tokens_total 40",
		"session_earnings_plancks_total 900",
		"session_vouchers_late_total 1",
		"session_refusals_total{code=\"NoSlot\"} 1",
		"sessions_open 1",
	] {
		assert!(has(&metrics, line), "{line}\n{}", metrics.text(Format::Text).unwrap());
	}
	drop(open);
	assert!(has(&metrics, "sessions_open 0"));
}

#[tokio::test]
async fn gpu_should_be_measured_when_it_has_sensors() {
	let status = SharedStatus::default();
	let metrics = Metrics::new(status.clone(), 1, true);
	let sensors: Arc<dyn Sensors> = Arc::new(Heater::default());
	let mut vigil = Vigil::new(Arc::new(Files::default()), Vec::new(), Some(sensors), status);
	let usage = generated("42").usage;
	metrics.work().answered(&Usage { output_tokens: 300, ..usage }, Duration::from_secs(3));
	for _ in 0..3 {
		vigil.look().await;
	}
	for line in [
		"gpu_info{gpu=\"0\",name=\"GPU 0\"} 1",
		"gpu_memory_bytes{gpu=\"0\"} 85899345920",
		"gpu_memory_used_bytes{gpu=\"0\"} 1073741824",
		"gpu_temperature_celsius{gpu=\"0\"} 61",
		"gpu_energy_joules_total{gpu=\"0\"} 7000.0",
		"output_tokens_per_kilojoule 150.0",
		"output_tokens_per_second 100.0",
	] {
		assert!(has(&metrics, line), "{line}\n{}", metrics.text(Format::Text).unwrap());
	}
}

#[tokio::test]
async fn engine_should_be_down_when_its_health_is_bad() {
	let status = SharedStatus::default();
	let metrics = Metrics::new(status.clone(), 1, false);
	let engines: Vec<Arc<dyn Engine>> = vec![Arc::new(Lamp { on: true }), Arc::new(Lamp { on: false })];
	Vigil::new(Arc::new(Files::default()), engines, None, status).look().await;
	assert!(has(&metrics, "engine_up{engine=\"lamp\",number=\"0\"} 1"));
	assert!(has(&metrics, "engine_up{engine=\"lamp\",number=\"1\"} 0"));
}

#[test]
fn gpu_should_be_in_no_metric_when_there_is_none() {
	let text = metrics().text(Format::Text).unwrap();
	assert!(!text.contains("gpu") && !text.contains("kilojoule"), "{text}");
}
