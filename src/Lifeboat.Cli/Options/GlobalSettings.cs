using Lifeboat.Repository.Clusters;

namespace Lifeboat.Cli.Options;

/// <summary>The settings that every command has.</summary>
internal static class GlobalSettings
{
    /// <summary>Read when it exists and no other file is named.</summary>
    public const string DefaultConfigurationFile = "/etc/lifeboat/lifeboat.yaml";

    /// <summary>The passphrase itself; there is no option for it, since any user of the host can read argv.</summary>
    public const string PassphraseVariable = "LIFEBOAT_PASSPHRASE";

    /// <summary>1: the stack trace of an error is shown below it.</summary>
    public const string DebugVariable = "LIFEBOAT_DEBUG";

    public static readonly Setting Config = new(
        "config", "FILE", $"The configuration file; without it, {DefaultConfigurationFile} when that exists");

    public static readonly Setting Repository = new(
        "repository", "PLACE", "Where everything is kept: a path, file:///path, or s3://bucket/prefix");

    public static readonly Setting Cluster = new(
        "cluster", "NAME", "The cluster's name in the repository", Default: ClusterName.Default);

    public static readonly Setting Output = new(
        "output", "FORMAT", "text for people, json for programs", Default: "text") { Choices = ["text", "json"] };

    public static readonly Setting KeyFile = new(
        "key-file", "FILE", "The key file that opens an encrypted repository");

    public static readonly Setting PassphraseFile = new(
        "passphrase-file", "FILE", $"A file with the passphrase; or set {PassphraseVariable}");

    public static readonly Setting Quiet = Setting.Flag("quiet", "No progress; only results, warnings and errors");

    public static readonly Setting Bandwidth = new(
        "bandwidth", "BYTES", "The most bytes a second to and from the repository together: 20MB, 500KiB");

    public static readonly IReadOnlyList<Setting> All =
        [Config, Repository, Cluster, Output, KeyFile, PassphraseFile, Bandwidth, Quiet];
}
