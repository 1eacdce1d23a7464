// Rapport runs a brand's social media and its own community together.
package main

func main() {}
