using Lifeboat.Cli;

return await EntryPoint.RunAsync(args);
