//! The network of jobs.
//!
//! The usual one has public subnets into which nothing comes: jobs reach what they need through an internet gateway, and S3 through a
//! gateway endpoint, all of which costs nothing. The isolated one has no way out but interface endpoints, each of which costs by
//! the hour and zone.

use serde_json::{Value, json};

use super::Site;
use crate::options::Network;
use crate::template::{id, sub};

/// The logical ids.
const VPC: &str = "Vpc";
const ROUTES: &str = "Routes";
const GROUP: &str = "JobSecurityGroup";

/// The addresses of the network.
const ADDRESSES: &str = "10.0.0.0/16";

/// Those of its subnets, in the order of their zones: 4,096 each.
const BLOCKS: [&str; 3] = ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20"];

/// The Regions in which accounts see two zones only ("Regions and Zones" in the AWS documentation).
const TWO_ZONES: [&str; 1] = ["us-west-1"];

/// What instances and jobs talk to besides S3: the agent of ECS, images, logs, the switch, traces.
const ENDPOINTS: [&str; 8] = [
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "ssm",
    "xray",
];

/// The types of what leads out of the network.
const WAYS: [&str; 4] = [
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::VPCGatewayAttachment",
];

/// Where jobs are put.
pub struct Place {
    pub vpc: Value,
    pub subnets: Vec<Value>,
    pub security_group: Value,
    /// What has to be there before anything runs, and until nothing does any more: an address that is in use keeps its gateway, and
    /// a job that ends still has to reach its services.
    pub before: Vec<String>,
}

impl Place {
    /// What an environment depends on, as an attribute of its resource.
    pub fn dependency(&self) -> Value {
        if self.before.is_empty() {
            json!({})
        } else {
            json!({ "DependsOn": self.before })
        }
    }
}

pub fn add(site: &mut Site<'_>) -> Place {
    let options = &site.plan.options;
    if options.network == Network::Existing {
        let vpc = json!(options.vpc);
        return Place {
            vpc: vpc.clone(),
            subnets: options.subnets.iter().map(|subnet| json!(subnet)).collect(),
            security_group: security_group(site, &vpc),
            before: Vec::new(),
        };
    }
    let is_public = options.network == Network::Public;
    let vpc = site.template.add(
        VPC,
        "AWS::EC2::VPC",
        json!({ "CidrBlock": ADDRESSES, "EnableDnsSupport": true, "EnableDnsHostnames": true, "Tags": tags(site) }),
    );
    site.template.except(
        VPC,
        "AwsSolutions-VPC7",
        "flow logs are paid for by the byte, and jobs move media; nothing can come into this network",
    );
    let routes = site.template.add(
        ROUTES,
        "AWS::EC2::RouteTable",
        json!({ "VpcId": vpc, "Tags": tags(site) }),
    );
    if is_public {
        gateway(site, &vpc, &routes);
    }
    let subnets = subnets(site, &vpc, &routes, is_public);
    let service = |name: &str| sub(&format!("com.amazonaws.${{AWS::Region}}.{name}"));
    site.template.add(
        "S3Endpoint",
        "AWS::EC2::VPCEndpoint",
        json!({ "VpcId": vpc, "ServiceName": service("s3"), "VpcEndpointType": "Gateway", "RouteTableIds": [routes] }),
    );
    let security_group = security_group(site, &vpc);
    if !is_public {
        let group = endpoint_group(site, &vpc, &security_group);
        for name in ENDPOINTS {
            let properties = json!({
                "VpcId": vpc, "ServiceName": service(name), "VpcEndpointType": "Interface", "PrivateDnsEnabled": true,
                "SubnetIds": subnets, "SecurityGroupIds": [group],
            });
            site.template.add(
                &id(&[name, "endpoint"]),
                "AWS::EC2::VPCEndpoint",
                properties,
            );
        }
    }
    let ways = site.template.resources().iter().filter(|(_, resource)| {
        let kind = resource["Type"].as_str().unwrap_or_default();
        WAYS.contains(&kind)
    });
    let before = ways.map(|(id, _)| id.clone()).collect();
    Place {
        vpc,
        subnets,
        security_group,
        before,
    }
}

fn gateway(site: &mut Site<'_>, vpc: &Value, routes: &Value) {
    let tags = tags(site);
    let gateway = site.template.add(
        "InternetGateway",
        "AWS::EC2::InternetGateway",
        json!({ "Tags": tags }),
    );
    site.template.add(
        "GatewayAttachment",
        "AWS::EC2::VPCGatewayAttachment",
        json!({ "VpcId": vpc, "InternetGatewayId": gateway }),
    );
    site.template.add_with(
        "DefaultRoute",
        "AWS::EC2::Route",
        json!({ "RouteTableId": routes, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway }),
        json!({ "DependsOn": "GatewayAttachment" }),
    );
}

fn subnets(site: &mut Site<'_>, vpc: &Value, routes: &Value, is_public: bool) -> Vec<Value> {
    let zones = if TWO_ZONES.contains(&site.plan.region.as_str()) {
        2
    } else {
        BLOCKS.len()
    };
    // The more zones there are, the more Spot instances there are to choose from.
    let mut subnets = Vec::new();
    for (zone, block) in BLOCKS.iter().enumerate().take(zones) {
        let number = (zone + 1).to_string();
        let properties = json!({
            "VpcId": vpc,
            "AvailabilityZone": { "Fn::Select": [zone, { "Fn::GetAZs": site.plan.region }] },
            "CidrBlock": block,
            "MapPublicIpOnLaunch": is_public,
            "Tags": tags(site),
        });
        let name = id(&["subnet", &number]);
        let subnet = site.template.add(&name, "AWS::EC2::Subnet", properties);
        if is_public {
            site.template.except(
                &name,
                "SUBNET_AUTO_ASSIGN_PUBLIC_IP_DISABLED",
                "addresses let jobs out without a NAT gateway, which costs by the hour; their security group lets nothing in",
            );
        }
        site.template.add(
            &id(&["routes", &number]),
            "AWS::EC2::SubnetRouteTableAssociation",
            json!({ "SubnetId": subnet, "RouteTableId": routes }),
        );
        subnets.push(subnet);
    }
    subnets
}

/// The security group of jobs: they go out, and nothing comes in.
fn security_group(site: &mut Site<'_>, vpc: &Value) -> Value {
    let properties = json!({
        "GroupDescription": "Jobs: out to everywhere, in from nowhere",
        "VpcId": vpc,
        "SecurityGroupEgress": [{ "IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "Description": "Inputs, images, services of AWS" }],
        "Tags": tags(site),
    });
    site.template
        .add(GROUP, "AWS::EC2::SecurityGroup", properties);
    json!({ "Fn::GetAtt": [GROUP, "GroupId"] })
}

fn endpoint_group(site: &mut Site<'_>, vpc: &Value, jobs: &Value) -> Value {
    let ingress = json!({
        "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourceSecurityGroupId": jobs, "Description": "Jobs and their instances",
    });
    let properties = json!({
        "GroupDescription": "Endpoints: in from jobs",
        "VpcId": vpc,
        "SecurityGroupIngress": [ingress],
        "Tags": tags(site),
    });
    let name = "EndpointSecurityGroup";
    site.template
        .add(name, "AWS::EC2::SecurityGroup", properties);
    json!({ "Fn::GetAtt": [name, "GroupId"] })
}

/// The tags of what the console lists by the tag `Name`.
fn tags(site: &Site<'_>) -> Value {
    json!([
        { "Key": "Name", "Value": site.plan.prefix },
        { "Key": "application", "Value": site.plan.prefix },
    ])
}
