//! Beginning, end, and what happens when the miner does not see the end.

use std::process::Command;

use super::*;

const SLEEP: &str = "import time; time.sleep(600)";

/// Names the bench's folder to a process that is to be killed.
const VICTIM: &str = "MILLRACE_TASK_VICTIM";

#[tokio::test]
async fn child_should_be_dead_when_it_was_forked_twice() {
	let script = "import os, time\n\
		if os.fork() == 0:\n\
		\tos.setsid()\n\
		\tif os.fork() == 0:\n\
		\t\tfor fd in range(10):\n\
		\t\t\ttry: os.close(fd)\n\
		\t\t\texcept OSError: pass\n\
		\t\ttime.sleep(600)\n\
		\tos._exit(0)\n\
		os.wait()\n\
		print('done')";
	let bench = Bench::python(script, "");
	let began = Instant::now();
	assert_eq!(printed(&bench.plain().await.unwrap()), "done");
	assert_eq!(bench.survivors(), Vec::<String>::new());
	assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_should_be_left_when_a_task_is_cancelled() {
	let bench = Bench::python(SLEEP, "");
	let (runner, cancel) = (bench.runner().await, CancellationToken::new());
	let (result, ()) = tokio::join!(runner.run(job(json!({})), cancel.clone()), async {
		bench.until_it_runs().await;
		cancel.cancel();
	});
	assert!(result.is_err());
	assert_eq!(bench.survivors(), Vec::<String>::new());
	assert!(!bench.workspace().exists());
}

#[tokio::test]
async fn nothing_should_be_left_when_nobody_waits_for_a_task() {
	let bench = Bench::python(SLEEP, "");
	let runner = bench.runner().await;
	tokio::select! {
		_ = runner.run(job(json!({})), CancellationToken::new()) => panic!("it sleeps for ten minutes"),
		() = bench.until_it_runs() => {}
	}
	bench.until_all_is_over().await;
	assert!(!bench.workspace().exists());
}

#[tokio::test]
async fn task_should_not_run_again_when_it_has_finished() {
	let bench = Bench::python("import time; print(time.time_ns())", "");
	let runner = bench.runner().await;
	let first = runner.run(job(json!({})), CancellationToken::new()).await.unwrap();
	assert_eq!(runner.run(job(json!({})), CancellationToken::new()).await.unwrap().manifest, first.manifest);
	// Nor after a restart.
	let outcome = bench.runner().await.run(job(json!({})), CancellationToken::new()).await.unwrap();
	assert_eq!(outcome.manifest, first.manifest);
	let other = TaskJob { attempt: 2, ..job(json!({})) };
	assert_ne!(runner.run(other, CancellationToken::new()).await.unwrap().manifest, first.manifest);
}

#[tokio::test]
async fn failed_task_should_be_kept_when_its_owner_wants_to_look() {
	let bench = Bench::python("print('before'); import time; time.sleep(600)", "run_secs = 1");
	assert_eq!(code(bench.plain().await), FailCode::Timeout);
	assert!(bench.began());
	let record = fs::read_to_string(bench.workspace().join("task.json")).unwrap();
	assert!(record.contains("failed") && record.contains("Timeout"), "{record}");
}

/// Runs a task that sleeps, in the process that the next test kills.
#[tokio::test]
async fn victim_should_do_nothing_when_it_is_not_asked() {
	let Ok(dir) = std::env::var(VICTIM) else { return };
	let bench = Bench { dir: dir.into(), _own: None };
	let _ = bench.plain().await;
}

#[tokio::test]
async fn task_should_end_and_be_cleaned_up_when_the_miner_is_killed() {
	let bench = Bench::python(SLEEP, "");
	let mut victim = Command::new(std::env::current_exe().unwrap());
	victim.args(["--exact", "life::victim_should_do_nothing_when_it_is_not_asked"]).env(VICTIM, &bench.dir);
	let mut victim = victim.stdout(std::process::Stdio::null()).spawn().unwrap();
	bench.until_it_runs().await;
	victim.kill().unwrap();
	victim.wait().unwrap();
	bench.until_all_is_over().await;
	assert!(bench.workspace().exists());
	let runner = bench.runner().await;
	assert!(!bench.workspace().exists());
	drop(runner);
}
