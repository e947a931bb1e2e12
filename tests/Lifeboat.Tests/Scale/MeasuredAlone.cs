using Xunit;

namespace Lifeboat.Tests.Scale;

/// <summary>Tests that look at the memory of the process: no other runs meanwhile.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
public sealed class MeasuredAlone;
