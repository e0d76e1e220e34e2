//! `millrace-miner init`: a configuration, a key, and what the owner has to sign.

mod ask;
mod key;
mod render;

use std::{
	fs,
	io::{self, BufRead, IsTerminal, Write},
	path::{Path, PathBuf},
	time::Duration,
};

use anyhow::{bail, ensure, Context};
use clap::Args;
use millrace_client::{Client, Model, Parameters};
use millrace_primitives::{Rate, H256};
use tokio::time::timeout;

use crate::{
	config::{Amount, Config, EngineConfig, Flags, Genesis, NodeUrl, Offer},
	hardware::model_file::ModelFile,
	offer::number,
	owner::{least_stake, slots_of, Owner, OWNER},
	probe::Probe,
};
use ask::Asker;

/// A node that does not answer within this time is left out.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a GPU-second is offered for when nobody says otherwise, in MILL.
const PRICE: &str = "0.02";

/// What to set up.
#[derive(Clone, Debug, Default, Args)]
pub struct Options {
	/// As for `run`; --config names the file to write [default: miner.toml].
	#[command(flatten)]
	pub flags: Flags,
	/// Ask nothing: what the flags do not say has its default.
	#[arg(long)]
	pub non_interactive: bool,
	/// Replace a configuration that is there. A key is never replaced.
	#[arg(long)]
	pub force: bool,
	/// The owner's key in the keystore of `millrace`, for the commands that are printed.
	#[arg(long, value_name = "NAME", default_value = OWNER)]
	pub owner: String,
	/// Stake for the registration that is printed [default: the least that the chain takes].
	#[arg(long, value_name = "AMOUNT")]
	pub stake: Option<Amount>,
}

/// What a node that answers adds.
struct Found {
	genesis: H256,
	parameters: Parameters,
	models: Vec<Model>,
}

/// Writes the files and says on stdout what is next.
///
/// # Errors
///
/// When a file is there already or can't be written, and when something is missing that has no default.
pub async fn run(options: Options) -> anyhow::Result<()> {
	let path = options.flags.config.clone().unwrap_or_else(|| "miner.toml".into());
	ensure!(
		options.force || !path.exists(),
		"{} is there already; --force replaces it (the key stays)",
		path.display()
	);
	let mut config = Config::merge(&Flags { config: None, ..options.flags.clone() })?;
	let interactive = !options.non_interactive;
	ensure!(
		!interactive || io::stdin().is_terminal(),
		"there is no terminal to ask questions on; pass --non-interactive, and --model PATH or --ollama-url URL"
	);
	let (input, output) = (&mut io::stdin().lock(), &mut io::stdout());
	let mut asker = Asker::new(input, output);
	if interactive {
		questions(&mut asker, &mut config, &options.flags)?;
	}
	ensure!(
		!config.engines.is_empty(),
		"no engine: pass --model PATH (a GGUF file) or --ollama-url URL (an Ollama server)"
	);
	let (probe, found) = (Probe::new(&config).await, look(&config).await);
	if let Ok(found) = &found {
		config.genesis = config.genesis.or(Some(Genesis(found.genesis)));
	}
	if config.offers.is_empty() {
		config.offers = offers(&config, found.as_ref().ok(), &probe, interactive.then_some(&mut asker))?;
	}
	if config.http_bind.is_none() {
		config.http_bind = Some(([127, 0, 0, 1], 9_920).into());
	}
	if config.dev_operator.is_none() && config.operator_key_file.is_none() {
		config.operator_key_file = Some(beside(&path, "operator.key"));
	}
	let made = match &config.operator_key_file {
		Some(file) => Some((file.clone(), key::make_or_keep(file)?)),
		None => None,
	};
	let operator = config.signer()?.account_id();
	write(&path, &render::file(&config)?, options.force)?;

	println!("configuration  {}", path.display());
	match made {
		Some((file, true)) => println!(
			"operator       {operator}\nkey            {}: new. Keep a copy where this disk's end does not reach it",
			file.display()
		),
		Some((file, false)) => println!("operator       {operator}\nkey            {}: kept as it was", file.display()),
		None => println!("operator       {operator}: a well-known key, for development chains only"),
	}
	for why in remarks(&probe) {
		println!("warning        {why}");
	}
	let owner = Owner { account: options.owner, ..Owner::unnamed(&config) };
	next(&config, &owner, options.stake, &found, &operator, &path);
	Ok(())
}

fn next(
	config: &Config,
	owner: &Owner,
	stake: Option<Amount>,
	found: &anyhow::Result<Found>,
	operator: &millrace_primitives::AccountId32,
	path: &Path,
) {
	let least = found.as_ref().ok().map(|found| least_stake(&found.parameters, slots_of(&config.offers)));
	if owner.account == OWNER {
		println!("\nOWNER stands for the name of the owner's key in `millrace account list`.");
	}
	println!("\nThe owner signs this once:\n");
	match stake.map(|stake| stake.0).or(least) {
		Some(stake) => println!("{}", owner.register(operator, stake)),
		None => println!(
			"  {}\n  AMOUNT is not known, because no node answered; `millrace-miner doctor` prints the whole command",
			owner.command(&format!("miner register --operator {operator} --stake AMOUNT"))
		),
	}
	if !config.offers.is_empty() {
		println!("\nand this for each offer:\n");
	}
	for offer in &config.offers {
		let models = found.as_ref().map(|found| &found.models[..]).unwrap_or_default();
		println!("{}", owner.offer(offer, number(models, &offer.model)));
	}
	if let Err(error) = found {
		println!("\nno node answered ({error:#}), so that the genesis hash is not pinned");
	}
	println!("\nThen: millrace-miner doctor --config {0} && millrace-miner run --config {0}", path.display());
}

/// What the owner should know of the engines and models before anything is signed.
fn remarks(probe: &Probe) -> Vec<String> {
	let mut all = Vec::new();
	for engine in &probe.engines {
		all.extend(engine.problem.as_ref().map(|problem| format!("{}: {problem}", engine.kind)));
		for model in &engine.models {
			all.extend(model.refusal.iter().chain(&model.warning).cloned());
		}
	}
	all
}

async fn look(config: &Config) -> anyhow::Result<Found> {
	let asked = timeout(PATIENCE, async {
		let client = Client::connect_any(&config.addresses(), config.genesis.map(|genesis| genesis.0)).await?;
		let at = client.at_best().await?;
		let (parameters, models) = (at.parameters().await?, at.models().await?);
		Ok::<_, millrace_client::Error>(Found { genesis: client.genesis_hash(), parameters, models })
	});
	Ok(asked.await.context("the node does not answer")??)
}

fn questions<R: BufRead, W: Write>(
	asker: &mut Asker<'_, R, W>,
	config: &mut Config,
	flags: &Flags,
) -> anyhow::Result<()> {
	if flags.urls.is_empty() {
		let known = config.addresses().join(",");
		config.urls = asker.ask("Addresses of nodes, separated by commas", &known, |text| {
			text.split(',').map(|url| url.trim().parse::<NodeUrl>()).collect()
		})?;
	}
	if config.engines.is_empty() {
		let what = "GGUF files, separated by commas, or the http address of an Ollama server";
		config.engines = vec![asker.ask(what, "", engine)?];
	}
	if flags.slots.is_none() {
		config.slots = asker.ask("Inferences at a time", &config.slots.to_string(), |text| {
			text.parse().map_err(|_| "expected a number from 1".to_owned())
		})?;
	}
	Ok(())
}

fn engine(text: &str) -> Result<EngineConfig, String> {
	if text.starts_with("http://") || text.starts_with("https://") {
		return Ok(EngineConfig::ollama(text));
	}
	let models: Vec<PathBuf> = text.split(',').map(|path| PathBuf::from(path.trim())).collect();
	for path in &models {
		ModelFile::open(path)?;
	}
	Ok(EngineConfig::Llama { models, threads: None })
}

/// An offer for the first of the engines' models that the chain knows.
fn offers<R: BufRead, W: Write>(
	config: &Config,
	found: Option<&Found>,
	probe: &Probe,
	asker: Option<&mut Asker<'_, R, W>>,
) -> anyhow::Result<Vec<Offer>> {
	let Some(found) = found else { return Ok(Vec::new()) };
	let digests: Vec<_> = probe.models().into_iter().filter_map(|(_, model)| model.digest.clone()).collect();
	let on_chain =
		|digest: &String| found.models.iter().find(|model| !model.retired && hex::encode(model.digest) == *digest);
	let known = digests.iter().find_map(on_chain);
	let Some(model) = known else { return Ok(Vec::new()) };
	let price = match asker {
		Some(asker) => asker.ask(&format!("Price of a GPU-second of {} in MILL", model.name), PRICE, str::parse)?,
		None => match PRICE.parse::<Amount>() {
			Ok(price) => price,
			Err(error) => bail!("{error}"),
		},
	};
	let slots = u32::try_from(config.slots.get()).ok().and_then(|slots| slots.try_into().ok()).context("slots")?;
	Ok(vec![Offer { model: model.name.clone(), rate: Rate::PerGpuSecond(price.0), slots }])
}

fn beside(path: &Path, name: &str) -> PathBuf {
	path.parent().map_or_else(|| name.into(), |folder| folder.join(name))
}

/// Writes a file that only its owner reads; a file that is there is replaced as a whole, if it may be.
fn write(path: &Path, text: &str, replace: bool) -> anyhow::Result<()> {
	let shown = path.display();
	if !replace {
		return key::create(path, text).with_context(|| format!("can't write {shown}"));
	}
	let beside = path.with_extension("toml.new");
	let written = fs::remove_file(&beside).or_else(absent).and_then(|()| key::create(&beside, text));
	written.and_then(|()| fs::rename(&beside, path)).with_context(|| format!("can't write {shown}"))
}

fn absent(error: io::Error) -> io::Result<()> {
	if error.kind() == io::ErrorKind::NotFound {
		Ok(())
	} else {
		Err(error)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn options(folder: &Path, force: bool) -> Options {
		let flags = Flags {
			config: Some(folder.join("miner.toml")),
			urls: vec!["ws://127.0.0.1:1".parse().unwrap()],
			model: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf")],
			..Flags::default()
		};
		Options { flags, non_interactive: true, force, owner: "me".into(), stake: None }
	}

	#[cfg(unix)]
	#[tokio::test]
	async fn init_should_write_a_configuration_and_a_key_that_only_the_user_reads() {
		use std::os::unix::fs::PermissionsExt;
		let dir = tempfile::tempdir().unwrap();
		run(options(dir.path(), false)).await.unwrap();
		for name in ["miner.toml", "operator.key"] {
			let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
			assert_eq!(mode & 0o777, 0o600, "{name}");
		}
		let words = fs::read_to_string(dir.path().join("operator.key")).unwrap();
		assert_eq!(words.split_whitespace().count(), 12);
		let flags = Flags { config: Some(dir.path().join("miner.toml")), ..Flags::default() };
		let config = Config::load(&flags).unwrap();
		assert!(config.signer().is_ok());
		assert_eq!(config.http_bind.unwrap().ip().to_string(), "127.0.0.1");
		assert!(!fs::read_to_string(dir.path().join("miner.toml")).unwrap().contains(words.trim()));
	}

	#[tokio::test]
	async fn init_should_keep_what_is_there_when_it_is_run_again() {
		let dir = tempfile::tempdir().unwrap();
		run(options(dir.path(), false)).await.unwrap();
		let key = fs::read(dir.path().join("operator.key")).unwrap();
		fs::write(dir.path().join("miner.toml"), "slots = 7").unwrap();
		let error = run(options(dir.path(), false)).await.unwrap_err();
		assert!(error.to_string().contains("--force"), "{error}");
		assert_eq!(fs::read_to_string(dir.path().join("miner.toml")).unwrap(), "slots = 7");
		run(options(dir.path(), true)).await.unwrap();
		assert!(fs::read_to_string(dir.path().join("miner.toml")).unwrap().contains("slots = 1"));
		assert_eq!(fs::read(dir.path().join("operator.key")).unwrap(), key, "keys are never replaced");
		assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
	}

	#[tokio::test]
	async fn init_should_write_nothing_when_there_is_no_engine() {
		let dir = tempfile::tempdir().unwrap();
		let mut options = options(dir.path(), false);
		options.flags.model.clear();
		let error = run(options).await.unwrap_err();
		assert!(error.to_string().contains("--model PATH"), "{error}");
		assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
	}

	#[test]
	fn questions_should_be_asked_only_for_what_the_flags_do_not_say() {
		let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/millrace-tiny.gguf");
		let answers = format!("http://x\n\nno/such.gguf\n{}\n0\n3\n", tiny.display());
		let (mut input, mut output) = (answers.as_bytes(), Vec::new());
		let mut config = Config::default();
		questions(&mut Asker::new(&mut input, &mut output), &mut config, &Flags::default()).unwrap();
		assert_eq!(config.addresses(), ["ws://127.0.0.1:9944"], "the bad address was asked for again");
		assert_eq!(config.engines, [EngineConfig::Llama { models: vec![tiny], threads: None }]);
		assert_eq!(config.slots.get(), 3);
		let shown = String::from_utf8(output).unwrap();
		assert!(shown.contains("expected ws://HOST:PORT") && shown.contains("no/such.gguf"), "{shown}");

		let flags = Flags {
			urls: vec!["ws://a".parse().unwrap()],
			slots: 2.try_into().ok(),
			ollama_url: Some("http://b".into()),
			..Flags::default()
		};
		let mut config = Config::merge(&flags).unwrap();
		let (mut none, mut output) = (&b""[..], Vec::new());
		questions(&mut Asker::new(&mut none, &mut output), &mut config, &flags).unwrap();
		assert!(output.is_empty());
	}
}
