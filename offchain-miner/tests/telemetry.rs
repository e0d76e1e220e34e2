//! What the miner tells its owner's monitoring, and the rules and panels that use it. `promtool` comes with Prometheus;
//! where it is missing, its checks are skipped and the tests say so.

#![allow(clippy::unwrap_used)]

use std::{
	collections::BTreeSet,
	io::Write,
	path::{Path, PathBuf},
	process::{Command, Stdio},
	time::{Duration, Instant},
};

use millrace_client::JobUpdate;
use millrace_miner::{
	hardware::{gpu::Gpu, sensors::Reading},
	metrics::{EngineVital, Format, Metrics, Vitals, PREFIX},
	runner::{SharedStatus, Status},
};
use millrace_tests::{miner::Engine, process::PATIENCE, say, Miner, World};
use serde_json::Value;

const QUESTION: &str = "What is 17 plus 25?";

fn monitoring(file: &str) -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/monitoring").join(file)
}

/// What a miner with one engine and one GPU shows.
fn text(format: Format) -> String {
	let gpu = Gpu { index: 0, name: "GPU".into(), memory_total: 2, memory_used: 1 };
	let vitals = Vitals {
		engines: vec![EngineVital { kind: "llama", up: true }],
		gpus: vec![Reading { gpu, celsius: Some(40), millijoules: Some(1) }],
		millijoules: Some(1),
		ready: true,
	};
	let status = SharedStatus::default();
	*status.lock().unwrap() = Status { vitals, ..Status::default() };
	Metrics::new(status, 1, true).text(format).unwrap()
}

/// The names of the samples in a text.
fn samples(text: &str) -> BTreeSet<&str> {
	let lines = text.lines().filter(|line| !line.starts_with('#'));
	lines.map(|line| line.split(['{', ' ']).next().unwrap()).collect()
}

/// Every word in `text` that begins like a metric of the miner.
fn mentioned(text: &str) -> BTreeSet<&str> {
	let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
	words.filter(|word| word.starts_with(PREFIX)).collect()
}

/// Runs `promtool ARGS` with `input`, if it is here.
fn promtool(args: &[&str], input: &str) {
	let mut command = Command::new("promtool");
	command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
	let mut child = match command.spawn() {
		Ok(child) => child,
		Err(error) => {
			say(&format!("SKIPPED: no promtool ({error}), which comes with Prometheus: {}", args.join(" ")));
			return;
		}
	};
	// One that reads no input may have closed it.
	let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
	let output = child.wait_with_output().unwrap();
	let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
	assert!(output.status.success(), "promtool {args:?}:\n{said}");
}

#[test]
fn metrics_should_exist_when_alerts_and_dashboard_name_them() {
	let text = text(Format::Text);
	let exposed = samples(&text);
	for file in ["alerts.yml", "dashboard.json"] {
		let content = std::fs::read_to_string(monitoring(file)).unwrap();
		let mentioned = mentioned(&content);
		assert!(mentioned.len() > 5, "{file} names {mentioned:?}");
		let unknown: Vec<_> = mentioned.difference(&exposed).collect();
		assert!(unknown.is_empty(), "{file} names {unknown:?}, which the miner does not have");
	}
}

#[test]
fn dashboard_should_have_a_query_in_every_panel_when_it_is_read() {
	let content = std::fs::read_to_string(monitoring("dashboard.json")).unwrap();
	let board: Value = serde_json::from_str(&content).unwrap();
	let panels = board["panels"].as_array().unwrap();
	assert!(!panels.is_empty());
	for panel in panels {
		let targets = panel["targets"].as_array().unwrap();
		let miner = |target: &Value| target["expr"].as_str().is_some_and(|query| query.contains(PREFIX));
		assert!(!targets.is_empty() && targets.iter().all(miner), "{panel}");
	}
}

#[test]
fn promtool_should_find_no_fault_when_it_checks_configuration_rules_and_names() {
	let path = |file| monitoring(file).display().to_string();
	promtool(&["check", "config", &path("prometheus.yml")], "");
	promtool(&["check", "rules", &path("alerts.yml")], "");
	promtool(&["test", "rules", &path("alerts_test.yml")], "");
	promtool(&["check", "metrics"], &text(Format::Text));
}

#[test]
fn newer_text_should_end_with_its_mark_when_it_is_asked_for() {
	let text = text(Format::OpenMetrics);
	assert!(text.ends_with("# EOF\n") && text.contains("# TYPE millrace_miner_jobs counter\n"), "{text}");
}

/// The lines of the log so far.
fn lines(miner: &Miner) -> Vec<Value> {
	let parse = |line: String| serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
	miner.process().lines().into_iter().map(parse).collect()
}

fn wait_for(miner: &Miner, event: &str) -> Value {
	let wanted = format!("\"event\":\"{event}\"");
	serde_json::from_str(&miner.process().wait_for(&wanted, |line| line.contains(&wanted))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn miner_should_tell_what_it_did_when_a_job_is_paid() {
	let world = World::with_offer(1).await;
	let args = ["--log-format", "json"];
	let miner = Miner::start_with(&world.node.url(), "Bob", world.work.path(), &Engine::Llama, &args);
	wait_for(&miner, "ready");
	let health = wait_for(&miner, "http")["url"].as_str().unwrap().to_owned();
	let metrics = health.replace("/healthz", "/metrics");
	let get = |url: String| async move { reqwest::get(url).await.unwrap().text().await.unwrap() };

	let (job, _, block) = world.submit(world.request(QUESTION, 64)).await;
	let JobUpdate::Settled { fee, .. } = world.last_update(job, block).await else { panic!("not settled") };
	let paid = "millrace_miner_jobs_total{outcome=\"paid\",code=\"none\"} 1";
	let end = Instant::now() + PATIENCE;
	let scrape = loop {
		let scrape = get(metrics.clone()).await;
		if scrape.lines().any(|line| line == paid) {
			break scrape;
		}
		assert!(Instant::now() < end, "never paid:\n{scrape}");
		tokio::time::sleep(Duration::from_millis(100)).await;
	};

	for line in [
		format!("earnings_plancks_total {fee}"),
		"dead_time_seconds_count 1".into(),
		"queue_wait_seconds_count 1".into(),
		"engine_up{engine=\"llama\",number=\"0\"} 1".into(),
		"ready 1".into(),
		"slots 1".into(),
		"slots_used 0".into(),
		"resubmissions_total 0".into(),
	] {
		assert!(scrape.lines().any(|found| found == format!("{PREFIX}_{line}")), "{line}\n{scrape}");
	}
	assert!(!scrape.contains(QUESTION));
	promtool(&["check", "metrics"], &scrape);

	let report: Value = serde_json::from_str(&get(health).await).unwrap();
	assert_eq!((&report["healthy"], &report["ready"], &report["running"]), (&true.into(), &true.into(), &0.into()));
	assert_eq!(report["engines"][0]["up"], true, "{report}");

	wait_for(&miner, "paid");
	let lines = lines(&miner);
	let steps = ["assigned", "running", "answered", "finished", "submitted", "included", "paid"];
	let of_job: Vec<_> = lines.iter().filter(|line| line["attempt"] == 1 && line["job"] == job).collect();
	let events: Vec<_> = of_job.iter().map(|line| line["event"].as_str().unwrap()).collect();
	assert_eq!(events, steps);
}
