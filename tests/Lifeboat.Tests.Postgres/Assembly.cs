global using Lifeboat.Testing;
using Xunit;

// Each collection has servers of its own; more at a time would only wait for each other's disk and processors.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
