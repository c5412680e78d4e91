//! Flags of `prices`.

use clap::Subcommand;

/// Flags of `prices`.
#[derive(Debug, clap::Args)]
#[command(after_help = PRICES)]
pub struct Prices {
    #[command(subcommand)]
    pub verb: Option<PricesVerb>,
    /// EC2 instance types
    #[arg(value_name = "TYPE")]
    pub types: Vec<String>,
    #[command(flatten)]
    pub which: Whose,
}

/// The verbs of prices.
#[derive(Debug, Subcommand)]
pub enum PricesVerb {
    /// Ask AWS what it costs today, and keep the answer on this machine
    Refresh(Refresh),
}

/// Flags of `prices refresh`.
#[derive(Debug, clap::Args)]
#[command(after_help = REFRESH)]
pub struct Refresh {
    /// EC2 instance types
    #[arg(value_name = "TYPE")]
    pub types: Vec<String>,
}

/// Whose prices, and for whom: before the verb or behind it.
#[derive(Debug, clap::Args)]
pub struct Whose {
    /// What a compute can run on; may be given several times
    #[arg(
        long = "compute",
        value_name = "NAME",
        conflicts_with = "types",
        global = true
    )]
    pub computes: Vec<String>,
    /// The Region [default: as every AWS tool finds it]
    #[arg(long, value_name = "REGION", global = true)]
    pub region: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

const PRICES: &str = "\
Examples:
  ffbatch prices --region eu-west-1
  ffbatch prices --compute arm --compute fargate
  ffbatch prices c7g.4xlarge c7i.4xlarge --json

Without names one size of each family is shown. Nobody is asked: On-Demand prices are shipped, dated, and not of every type; what \
`refresh` has asked for comes before them. What is not known is `unknown`.";

const REFRESH: &str = "\
Examples:
  ffbatch prices refresh --region eu-west-1
  ffbatch prices refresh --compute nvidia
  ffbatch prices refresh c8i.xlarge c8g.xlarge

Without names all that the computes on AWS can run on is asked for, and Fargate. It needs `pricing:GetProducts` and \
`ec2:DescribeSpotPriceHistory`. Prices of Spot are those of the moment. What was not asked for stays as it was. It ends with code 3 where \
AWS does not answer everything, and keeps what it has answered.";
