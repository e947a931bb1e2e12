using System.Reflection;
using System.Text.RegularExpressions;
using Lifeboat.Cli;
using Xunit;

namespace Lifeboat.Tests.Cli;

public sealed class RegexTimeLimitTests
{
    /// <summary>A limit is measured by the clock: a process that is not given a processor for a while would exceed it.</summary>
    [Fact]
    public void No_pattern_fails_because_the_machine_is_busy()
    {
        const BindingFlags all = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        var limits = typeof(EntryPoint).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(all))
            .Select(method => method.GetCustomAttribute<GeneratedRegexAttribute>())
            .OfType<GeneratedRegexAttribute>()
            .Select(pattern => pattern.MatchTimeoutMilliseconds)
            .ToList();

        Assert.NotEmpty(limits);
        Assert.All(limits, limit => Assert.Equal(Timeout.Infinite, limit));
    }
}
